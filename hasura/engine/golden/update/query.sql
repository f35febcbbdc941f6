with "m" as (update "music"."album" as "_1"
  set "title" = ($1)::text, "price" = "_1"."price" + ($2)::numeric
  where (("_1"."artist_id" = ($3)::int4) and ("_1"."title" = ($4)::text))
  returning "_1".*, ("_1"."price" >= ('1')::numeric) as "check__constraint"), "rows" as (select "id", "artist_id", "title", "price", "published", "info"
  from "m") select (select row_to_json("_e".*)
  from (select (select count(*)
      from "rows") as "affected_rows", (select coalesce(json_agg("_e".*), '[]')
      from (select "_2"."title" as "title", ("_2"."price")::text as "price", (select row_to_json("_e".*)
          from (select "_3"."name" as "name"
            from "music"."artist" as "_3"
            where "_3"."id" = "_2"."artist_id"
            limit 1) as "_e") as "artist"
        from "rows" as "_2") as "_e") as "returning") as "_e"), (select coalesce(bool_and("check__constraint"), true)
  from "m");
