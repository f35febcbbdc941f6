select case when "fits" then "0" end, "fits"
from (select *, coalesce(pg_column_size("0") - 4, 0) <= 50000000 as "fits"
  from (select (select coalesce(json_agg("_e".*), '[]')
      from (select "_1"."name" as "name", (select coalesce(json_agg("_e".*), '[]')
          from (select "_2"."title" as "title", ("music"."album_length"("_2".*))::text as "length", (select coalesce(json_agg("_e".*), '[]')
              from (select "_3"."title" as "title", (select row_to_json("_e".*)
                  from (select (select row_to_json("_e".*)
                      from (select "_5"."name" as "name"
                        from "music"."artist" as "_5"
                        where "_5"."id" = "_4"."artist_id"
                        limit 1) as "_e") as "artist"
                    from "music"."album" as "_4"
                    where "_4"."id" = "_3"."album_id" and (("_4"."published" = ('true')::bool) or ("_4"."artist_id" = ($1)::int4))
                    limit 1) as "_e") as "album"
                from "music"."track" as "_3"
                where "_3"."album_id" = "_2"."id" and exists (select 1
                  from "music"."album" as "_6"
                  where "_6"."id" = "_3"."album_id" and ("_6"."published" = ('true')::bool))
                order by "_3"."id" asc nulls last) as "_e") as "tracks"
            from "music"."album" as "_2"
            where "_2"."artist_id" = "_1"."id" and (("_2"."published" = ('true')::bool) or ("_2"."artist_id" = ($1)::int4))
            order by "_2"."price" desc nulls last
            limit ('10')::int8) as "_e") as "albums"
        from "music"."artist" as "_1"
        where exists (select 1
          from "music"."album" as "_7"
          where "_7"."artist_id" = "_1"."id" and ((("_7"."published" = ('true')::bool) or ("_7"."artist_id" = ($1)::int4)) and exists (select 1
              from "music"."track" as "_8"
              where "_8"."album_id" = "_7"."id" and (exists (select 1
                  from "music"."album" as "_9"
                  where "_9"."id" = "_8"."album_id" and ("_9"."published" = ('true')::bool)) and ("_8"."seconds" > ($2)::int4)))))
        order by "_1"."id" asc nulls last
        limit ('50')::int8) as "_e") as "0"
    offset 0) as "answer"
  offset 0) as "sized";
