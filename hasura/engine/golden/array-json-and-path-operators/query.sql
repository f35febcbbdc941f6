select (select coalesce(json_agg("_e".*), '[]')
  from (select "_1"."id" as "id"
    from "music"."sample" as "_1"
    where (("_1"."words" @> ($1)::text[]) and ("_1"."words" <@ ($2)::text[]) and ("_1"."words" = ($3)::text[]) and ("_1"."path" @> ($4)::"public"."ltree") and ("_1"."path" @> ($5)::"public"."ltree"[]) and ("_1"."path" <@ ($6)::"public"."ltree") and ("_1"."path" <@ ($7)::"public"."ltree"[]) and ("_1"."path" ~ ($8)::"public"."lquery") and ("_1"."path" ? ($9)::"public"."lquery"[]) and ("_1"."path" @ ($10)::"public"."ltxtquery") and ("_1"."data" @> ($11)::jsonb) and ("_1"."data" <@ ($12)::jsonb) and ("_1"."data" ? ($13)::text) and ("_1"."data" ?| ($14)::text[]) and ("_1"."data" ?& ($15)::text[]) and (("_1"."data")::text ilike ($16)::text))) as "_e") as "0";
