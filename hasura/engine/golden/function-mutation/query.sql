select (select coalesce(json_agg("_e".*), '[]')
  from (select "_1"."title" as "title", ("_1"."plays")::text as "plays"
    from "music"."play"(($1)::int4) as "_1") as "_e") as "0";
