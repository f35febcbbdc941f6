with "m" as (delete
  from "music"."track" as "_1"
  where ("_1"."id" = ($1)::int4)
  returning "_1".*, true as "check__constraint"), "rows" as (select "id", "album_id", "title", "seconds", "plays"
  from "m") select (select row_to_json("_e".*)
  from (select "_2"."title" as "title"
    from "rows" as "_2"
    limit 1) as "_e"), (select coalesce(bool_and("check__constraint"), true)
  from "m");
