select case when "fits" then "0" end, "fits"
from (select *, coalesce(pg_column_size("0") - 4, 0) <= 50000000 as "fits"
  from (select (select coalesce(json_agg("_e".*), '[]')
      from (select "_1"."id" as "id", "_1"."title" as "title"
        from "music"."track" as "_1"
        where (exists (select 1
            from "music"."album" as "_2"
            where "_2"."id" = "_1"."album_id" and exists (select 1
              from "music"."artist" as "_3"
              where "_3"."id" = "_2"."artist_id" and exists (select 1
                from "music"."album" as "_4"
                where "_4"."artist_id" = "_3"."id" and ("_4"."id" = "_1"."album_id")))) and exists (select 1
            from "music"."artist" as "_5"
            where ("_5"."name" = ($1)::text)))
        order by "_1"."id" asc nulls last) as "_e") as "0"
    offset 0) as "answer"
  offset 0) as "sized";
