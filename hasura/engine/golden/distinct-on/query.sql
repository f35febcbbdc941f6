select (select coalesce(json_agg("_e".*), '[]')
  from (select "_2"."artist_id" as "artist_id", "_2"."title" as "title", (select coalesce(json_agg("_e".*), '[]')
      from (select "_3"."title" as "title"
        from "music"."track" as "_3"
        where "_3"."album_id" = "_2"."id") as "_e") as "tracks"
    from (select distinct on ("_1"."artist_id") "_1".*
      from "music"."album" as "_1"
      order by "_1"."artist_id" asc nulls last, "_1"."price" desc nulls first) as "_2") as "_e") as "0";
