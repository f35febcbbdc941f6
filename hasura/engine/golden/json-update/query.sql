with "m" as (update "music"."sample" as "_1"
  set "data" = "_1"."data" || ($1)::jsonb
  where ("_1"."id" = ($2)::int4)
  returning "_1".*, true as "check__constraint"), "rows" as (select "id", "genre", "words", "path", "data"
  from "m") select (select row_to_json("_e".*)
  from (select "_2"."data" as "data"
    from "rows" as "_2"
    limit 1) as "_e"), (select coalesce(bool_and("check__constraint"), true)
  from "m");

with "m" as (update "music"."sample" as "_1"
  set "data" = ($1)::jsonb || "_1"."data"
  where ("_1"."id" = ($2)::int4)
  returning "_1".*, true as "check__constraint"), "rows" as (select "id", "genre", "words", "path", "data"
  from "m") select (select row_to_json("_e".*)
  from (select "_2"."data" as "data"
    from "rows" as "_2"
    limit 1) as "_e"), (select coalesce(bool_and("check__constraint"), true)
  from "m");

with "m" as (update "music"."sample" as "_1"
  set "data" = "_1"."data" - ($1)::text
  where ("_1"."id" = ($2)::int4)
  returning "_1".*, true as "check__constraint"), "rows" as (select "id", "genre", "words", "path", "data"
  from "m") select (select row_to_json("_e".*)
  from (select "_2"."data" as "data"
    from "rows" as "_2"
    limit 1) as "_e"), (select coalesce(bool_and("check__constraint"), true)
  from "m");

with "m" as (update "music"."sample" as "_1"
  set "data" = "_1"."data" #- ($1)::text[]
  where ("_1"."id" = ($2)::int4)
  returning "_1".*, true as "check__constraint"), "rows" as (select "id", "genre", "words", "path", "data"
  from "m") select (select row_to_json("_e".*)
  from (select "_2"."data" as "data"
    from "rows" as "_2"
    limit 1) as "_e"), (select coalesce(bool_and("check__constraint"), true)
  from "m");

with "m" as (update "music"."sample" as "_1"
  set "data" = ($1)::jsonb
  where ("_1"."id" = ($2)::int4)
  returning "_1".*, true as "check__constraint"), "rows" as (select "id", "genre", "words", "path", "data"
  from "m") select (select row_to_json("_e".*)
  from (select "_2"."data" as "data"
    from "rows" as "_2"
    limit 1) as "_e"), (select coalesce(bool_and("check__constraint"), true)
  from "m");

with "m" as (update "music"."sample" as "_1"
  set "data" = "_1"."data" - ($1)::int4
  where ("_1"."id" = ($2)::int4)
  returning "_1".*, true as "check__constraint"), "rows" as (select "id", "genre", "words", "path", "data"
  from "m") select (select row_to_json("_e".*)
  from (select "_2"."data" as "data"
    from "rows" as "_2"
    limit 1) as "_e"), (select coalesce(bool_and("check__constraint"), true)
  from "m");
