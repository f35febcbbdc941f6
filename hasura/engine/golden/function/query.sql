select case when "fits" then "0" end, case when "fits" then "1" end, "fits"
from (select *, coalesce(pg_column_size("0") - 4, 0) + coalesce(pg_column_size("1") - 4, 0) <= 50000000 as "fits"
  from (select (select coalesce(json_agg("_e".*), '[]')
      from (select "_1"."title" as "title", ("music"."album_length"("_1".*))::text as "length"
        from "music"."search_albums"(($1)::text, ($2)::json) as "_1"
        where ((("_1"."published" = ('true')::bool) or ("_1"."artist_id" = ($3)::int4)) and ("_1"."price" > ($4)::numeric))
        limit ('10')::int8) as "_e") as "0", (select (select row_to_json("_e".*)
        from (select (select row_to_json("_e".*)
            from (select "_g"."_1" as "count") as "_e") as "aggregate") as "_e")
      from (select count(*) as "_1"
        from "music"."search_albums"(($5)::text, ($6)::json) as "_2"
        where (("_2"."published" = ('true')::bool) or ("_2"."artist_id" = ($3)::int4))) as "_g") as "1"
    offset 0) as "answer"
  offset 0) as "sized";
