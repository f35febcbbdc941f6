select "_s"."n", coalesce("_r"."state", "_s"."state"), case when "_r"."state" is distinct from "_s"."state" and true then "_r"."root" end, true
from unnest($1::text[], $2::text[]) with ordinality as "_s" ("state", "p1", "n") cross join lateral (select "root", md5("root"::text) as "state"
  from (select (select row_to_json("_e".*)
      from (select (select coalesce(json_agg("_e".*), '[]')
          from (select "_1"."title" as "title"
            from "music"."album" as "_1"
            where ("_1"."artist_id" = ("_s"."p1")::int4)
            order by "_1"."id" asc nulls last) as "_e") as "albums") as "_e") as "root"
    offset 0) as "_q"
  offset 0) as "_r";
