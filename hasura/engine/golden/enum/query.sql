select (select coalesce(json_agg("_e".*), '[]')
  from (select "_1"."id" as "id", "_1"."genre" as "genre"
    from "music"."sample" as "_1"
    where ("_1"."genre" = any(($1)::text[]))) as "_e") as "0";
