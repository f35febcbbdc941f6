with "m" as (update "music"."track" as "_1"
  set "title" = ($1)::text
  where ("_1"."id" = ($2)::int4)
  returning "_1".*, true as "check__constraint"), "rows" as (select "id", "album_id", "title", "seconds", "plays"
  from "m") select (select row_to_json("_e".*)
  from (select (select count(*)
      from "rows") as "affected_rows", (select coalesce(json_agg("_e".*), '[]')
      from (select "_2"."title" as "title", "_2"."seconds" as "seconds"
        from "rows" as "_2") as "_e") as "returning") as "_e"), (select coalesce(bool_and("check__constraint"), true)
  from "m");

with "m" as (update "music"."track" as "_1"
  set "seconds" = "_1"."seconds" + ($1)::int4
  where ("_1"."id" = ($2)::int4)
  returning "_1".*, true as "check__constraint"), "rows" as (select "id", "album_id", "title", "seconds", "plays"
  from "m") select (select row_to_json("_e".*)
  from (select (select count(*)
      from "rows") as "affected_rows", (select coalesce(json_agg("_e".*), '[]')
      from (select "_2"."title" as "title", "_2"."seconds" as "seconds"
        from "rows" as "_2") as "_e") as "returning") as "_e"), (select coalesce(bool_and("check__constraint"), true)
  from "m");
