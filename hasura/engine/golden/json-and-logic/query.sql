select (select coalesce(json_agg("_e".*), '[]')
  from (select ("_1"."info") #> ($1)::text[] as "info"
    from "music"."album" as "_1"
    where (("_1"."info" @> ($2)::jsonb) or (not ("_1"."info" is null)) or ("_1"."info" ? ($3)::text))
    order by "_1"."id" asc nulls last) as "_e") as "0";
