select "_s"."n", coalesce("_r"."state", "_s"."state"), case when "_r"."state" is not null and octet_length("_r"."root"::text) <= 50000000 then "_r"."root" end, octet_length("_r"."root"::text) <= 50000000
from unnest($1::text[], $2::text[]) with ordinality as "_s" ("state", "p1", "n") cross join lateral (select (select row_to_json("_e".*)
    from (select "_d"."_o" as "tracks_stream") as "_e") as "root", "_d"."_c" as "state"
  from (select json_agg("_o") as "_o", (array_agg("_c"))[count(*)] as "_c"
    from (select (select row_to_json("_e".*)
        from (select "_1"."id" as "id", "_1"."title" as "title") as "_e") as "_o", ("_1"."id")::text as "_c"
      from "music"."track" as "_1"
      where exists (select 1
        from "music"."album" as "_2"
        where "_2"."id" = "_1"."album_id" and ("_2"."published" = ('true')::bool)) and "_1"."id" > ("_s"."state")::int4
      order by "_1"."id" asc fetch first (("_s"."p1")::int8) rows with ties) as "_b") as "_d") as "_r";
