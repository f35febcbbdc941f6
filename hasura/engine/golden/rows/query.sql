select (select coalesce(json_agg("_e".*), '[]')
  from (select 'artists'::text as "__typename", "_2"."id" as "id", "_2"."name" as "called"
    from (select "_1".*
      from "music"."artist" as "_1"
      order by "_1"."name" desc nulls first
      limit ($1)::int8
      offset ($2)::int8) as "_2") as "_e") as "0";
