with "m" as (insert into "music"."track" as "_1" ("id", "title")
  values (($1)::int4, ($2)::text)
  returning "_1".*, true as "check__constraint"), "rows" as (select "id", "album_id", "title", "seconds", "plays"
  from "m") select (select row_to_json("_e".*)
  from (select "_2"."title" as "title", (select row_to_json("_e".*)
      from (select "_3"."title" as "title", (select row_to_json("_e".*)
          from (select "_4"."name" as "name", (select coalesce(json_agg("_e".*), '[]')
              from (select "_5"."title" as "title"
                from "music"."album" as "_5"
                where "_5"."artist_id" = "_4"."id") as "_e") as "albums"
            from "music"."artist" as "_4"
            where "_4"."id" = "_3"."artist_id"
            limit 1) as "_e") as "artist"
        from "music"."album" as "_3"
        where "_3"."id" = "_2"."album_id"
        limit 1) as "_e") as "album"
    from "rows" as "_2"
    limit 1) as "_e"), (select coalesce(bool_and("check__constraint"), true)
  from "m");
