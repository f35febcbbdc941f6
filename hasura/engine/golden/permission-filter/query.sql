select case when "fits" then "0" end, "fits"
from (select *, coalesce(pg_column_size("0") - 4, 0) <= 50000000 as "fits"
  from (select (select coalesce(json_agg("_e".*), '[]')
      from (select "_1"."id" as "id", "_1"."title" as "title"
        from "music"."album" as "_1"
        where (("_1"."published" = ('true')::bool) or ("_1"."artist_id" = ($1)::int4))
        order by "_1"."id" asc nulls last
        limit ('10')::int8) as "_e") as "0"
    offset 0) as "answer"
  offset 0) as "sized";
