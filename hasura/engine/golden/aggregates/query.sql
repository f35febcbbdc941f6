select case when "fits" then "0" end, "fits"
from (select *, coalesce(pg_column_size("0") - 4, 0) <= 50000000 as "fits"
  from (select (select (select row_to_json("_e".*)
        from (select (select row_to_json("_e".*)
            from (select "_g"."_1" as "count", "_g"."_2" as "distinct", (select row_to_json("_e".*)
                from (select ("_g"."_3")::text as "price") as "_e") as "sum", (select row_to_json("_e".*)
                from (select ("_g"."_4")::text as "price") as "_e") as "avg", (select row_to_json("_e".*)
                from (select "_g"."_5" as "title", ("_g"."_6")::text as "length") as "_e") as "max") as "_e") as "aggregate", (select coalesce(json_agg("_e".*), '[]')
            from (select "_2"."title" as "title", (select (select row_to_json("_e".*)
                  from (select (select row_to_json("_e".*)
                      from (select "_g"."_1" as "count", (select row_to_json("_e".*)
                          from (select "_g"."_2" as "seconds") as "_e") as "min") as "_e") as "aggregate") as "_e")
                from (select count(*) as "_1", "min"("_3"."seconds") as "_2"
                  from "music"."track" as "_3"
                  where "_3"."album_id" = "_2"."id" and exists (select 1
                    from "music"."album" as "_4"
                    where "_4"."id" = "_3"."album_id" and ("_4"."published" = ('true')::bool))) as "_g") as "tracks_aggregate"
              from "music"."album" as "_2"
              where (("_2"."published" = ('true')::bool) or ("_2"."artist_id" = ($1)::int4))
              order by "_2"."id" asc nulls last
              limit ('10')::int8) as "_e") as "nodes") as "_e")
      from (select count(*) as "_1", count(distinct "_1"."price") as "_2", "sum"("_1"."price") as "_3", "avg"("_1"."price") as "_4", "max"("_1"."title") as "_5", "max"("music"."album_length"("_1".*)) as "_6"
        from "music"."album" as "_1"
        where (("_1"."published" = ('true')::bool) or ("_1"."artist_id" = ($1)::int4))) as "_g") as "0"
    offset 0) as "answer"
  offset 0) as "sized";
