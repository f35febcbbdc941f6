select (select coalesce(json_agg("_e".*), '[]')
  from (select "_1"."title" as "title"
    from "music"."album" as "_1"
    where exists (select 1
      from (select "count"(*) as "value"
        from "music"."track" as "_2"
        where "_2"."album_id" = "_1"."id" and ("_2"."seconds" < ($1)::int4)) as "_a"
      where ("_a"."value" > ($2)::int4))) as "_e") as "0";
