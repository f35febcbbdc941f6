select (select coalesce(json_agg("_e".*), '[]')
  from (select "_1"."title" as "title", (select row_to_json("_e".*)
      from (select "_2"."name" as "name"
        from "music"."artist" as "_2"
        where "_2"."id" = "_1"."artist_id"
        limit 1) as "_e") as "artist"
    from "music"."album" as "_1"
    order by (select "_3"."name"
      from "music"."artist" as "_3"
      where "_3"."id" = "_1"."artist_id"
      limit 1) desc nulls first, (select "sum"("_4"."seconds")
      from "music"."track" as "_4"
      where "_4"."album_id" = "_1"."id") asc nulls first) as "_e") as "0";
