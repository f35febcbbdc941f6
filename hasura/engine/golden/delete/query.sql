with "m" as (delete
  from "music"."track" as "_1"
  where exists (select 1
    from "music"."album" as "_2"
    where "_2"."id" = "_1"."album_id" and ("_2"."published" = ($1)::bool))
  returning "_1".*, true as "check__constraint"), "rows" as (select "id", "album_id", "title", "seconds", "plays"
  from "m") select (select row_to_json("_e".*)
  from (select (select count(*)
      from "rows") as "affected_rows", (select coalesce(json_agg("_e".*), '[]')
      from (select "_3"."title" as "title"
        from "rows" as "_3") as "_e") as "returning") as "_e"), (select coalesce(bool_and("check__constraint"), true)
  from "m");
