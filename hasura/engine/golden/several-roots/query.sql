select (select row_to_json("_e".*)
  from (select "_1"."title" as "title"
    from "music"."album" as "_1"
    where ("_1"."id" = ($1)::int4)
    limit 1) as "_e") as "0", (select row_to_json("_e".*)
  from (select "_2"."title" as "title"
    from "music"."album" as "_2"
    where ("_2"."id" = ($2)::int4)
    limit 1) as "_e") as "1", (select (select row_to_json("_e".*)
    from (select (select row_to_json("_e".*)
        from (select (select row_to_json("_e".*)
            from (select ("_g"."_1")::text as "plays") as "_e") as "sum") as "_e") as "aggregate") as "_e")
  from (select "sum"("_3"."plays") as "_1"
    from "music"."track" as "_3") as "_g") as "2";
