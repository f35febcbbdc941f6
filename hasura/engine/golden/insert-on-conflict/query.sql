with "m" as (insert into "music"."album" as "_1" ("id", "title", "price", "artist_id")
  values (($1)::int4, ($2)::text, ($3)::numeric, ($4)::int4), (($5)::int4, ($6)::text, ($7)::numeric, ($4)::int4)
  on conflict on constraint "album_pkey" do update
  set "title" = excluded."title", "price" = excluded."price"
  where ("_1"."artist_id" = ($4)::int4)
  returning "_1".*, case when "_1".xmax = 0 then ("_1"."price" >= ('1')::numeric) else ("_1"."price" >= ('1')::numeric) end as "check__constraint"), "rows" as (select "id", "artist_id", "title", "price", "published", "info"
  from "m") select (select row_to_json("_e".*)
  from (select (select count(*)
      from "rows") as "affected_rows", (select coalesce(json_agg("_e".*), '[]')
      from (select "_2"."id" as "id", "_2"."title" as "title"
        from "rows" as "_2") as "_e") as "returning") as "_e"), (select coalesce(bool_and("check__constraint"), true)
  from "m");
