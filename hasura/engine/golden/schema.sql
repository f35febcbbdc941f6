create schema music;
create table music.artist (id int primary key, name text not null, born date);
create table music.album (
  id int primary key,
  artist_id int not null references music.artist,
  title text not null,
  price numeric,
  published boolean not null default true,
  info jsonb
);
create table music.track (
  id int primary key,
  album_id int not null references music.album,
  title text not null,
  seconds int,
  plays bigint not null default 0
);
create extension ltree with schema public;
create table music.genre (value text primary key, comment text);
create table music.sample (
  id int primary key,
  genre text not null references music.genre,
  words text[] not null,
  path public.ltree,
  data jsonb not null
);
create function music.album_length(album music.album) returns bigint stable language sql as
  $$ select sum(t.seconds) from music.track t where t.album_id = album.id $$;
create function music.search_albums(words text, session json) returns setof music.album stable language sql as
  $$ select * from music.album where title ilike '%' || words || '%' order by id $$;
create function music.play(track_id int) returns setof music.track volatile language sql as
  $$ update music.track set plays = plays + 1 where id = track_id returning * $$;
insert into music.genre values ('jazz', 'Old and new'), ('folk', null);
insert into music.artist values (1, 'Ada', '1970-01-01'), (2, 'Bo', null), (3, 'Cy', '1985-05-05');
insert into music.album values
  (1, 1, 'First', 9.99, true, '{"label": "A", "tags": ["old"]}'), (2, 1, 'Second', 12.50, true, null),
  (3, 2, 'Hidden', 1, false, null), (4, 2, 'Open', 20, true, '{"label": "B"}');
insert into music.track values
  (1, 1, 'One', 100, 10), (2, 1, 'Two', 200, 20), (3, 2, 'Three', 300, 30), (4, 3, 'Four', 400, 40), (5, 4, 'Five', null, 9007199254740993);
insert into music.sample values
  (1, 'jazz', '{a,b}', 'top.jazz.one', '{"k": 1, "list": ["x", "y"], "deep": {"a": 1, "b": 2}}'),
  (2, 'folk', '{c}', 'top.folk', '{"k": 2}');
