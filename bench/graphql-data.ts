/** A music store for `bench/graphql.ts`: its tables, its metadata, and the queries that every server answers. */
import type { Metadata } from '@glimmr/engine/metadata-types'
import type pg from 'pg'

export const role = 'reader'

/** 270 artists × 5 albums × 5 tracks, of 12 genres. */
export async function fillMusic(client: pg.Pool): Promise<void> {
  await client.query(`
    create schema music;
    create table music.genre (id int primary key, name text not null);
    create table music.artist (id int primary key, name text not null);
    create table music.album (
      id int primary key, artist_id int not null references music.artist, title text not null);
    create table music.track (
      id int primary key, album_id int not null references music.album, genre_id int not null references music.genre,
      name text not null, milliseconds int not null, price numeric(6,2) not null);
    insert into music.genre select n, 'Genre ' || n from generate_series(1, 12) n;
    insert into music.artist select n, 'Artist ' || n from generate_series(1, 270) n;
    insert into music.album select n, (n - 1) / 5 + 1, 'Album ' || n from generate_series(1, 1350) n;
    insert into music.track select n, (n - 1) / 5 + 1, n % 12 + 1, 'Track ' || n, 120000 + n * 7, n % 3 + 0.99
      from generate_series(1, 6750) n;
    create index on music.album (artist_id);
    create index on music.track (album_id);
    create index on music.track (genre_id);
    analyze`)
}

const table = (name: string, relations: object) => ({
  table: { schema: 'music', name },
  configuration: { custom_name: name },
  ...relations,
  select_permissions: [{ role, permission: { columns: '*' as const, filter: {} } }],
})
const array = (name: string, of: string, column: string) => ({
  name,
  using: { foreign_key_constraint_on: { table: { schema: 'music', name: of }, column } },
})
const object = (name: string, column: string) => ({ name, using: { foreign_key_constraint_on: column } })

export const metadata: Metadata = {
  version: 3,
  sources: [
    {
      name: 'default',
      kind: 'postgres',
      tables: [
        table('genre', {}),
        table('artist', { array_relationships: [array('albums', 'album', 'artist_id')] }),
        table('album', {
          array_relationships: [array('tracks', 'track', 'album_id')],
          object_relationships: [object('artist', 'artist_id')],
        }),
        table('track', { object_relationships: [object('album', 'album_id'), object('genre', 'genre_id')] }),
      ],
    },
  ],
}

export type Question = { name: string; engine: string; postgraphile: string; sql: string }

/** The same question to each: as Hasura's GraphQL, as PostGraphile's, and as SQL written by hand. */
export const questions: Question[] = [
  {
    name: 'simple: 20 rows of one table',
    engine: '{ track(limit: 20, order_by: { id: asc }) { id name milliseconds } }',
    postgraphile: '{ allTracks(first: 20, orderBy: PRIMARY_KEY_ASC) { nodes { id name milliseconds } } }',
    sql: `select json_build_object('data', json_build_object('track', (
      select coalesce(json_agg(t), '[]') from (
        select id, name, milliseconds from music.track order by id limit 20) t)))`,
  },
  {
    name: 'nested: 18 artists × 5 albums × 5 tracks × genre',
    engine:
      '{ artist(limit: 18, order_by: { id: asc }) { id name albums { id title tracks { id name milliseconds genre { name } } } } }',
    postgraphile:
      '{ allArtists(first: 18, orderBy: PRIMARY_KEY_ASC) { nodes { id name albumsByArtistId { nodes { id title tracksByAlbumId { nodes { id name milliseconds genreByGenreId { name } } } } } } } }',
    sql: `select json_build_object('data', json_build_object('artist', (
      select coalesce(json_agg(a), '[]') from (
        select artist.id, artist.name, (
          select coalesce(json_agg(b), '[]') from (
            select album.id, album.title, (
              select coalesce(json_agg(c), '[]') from (
                select track.id, track.name, track.milliseconds, (
                  select row_to_json(g) from (select genre.name from music.genre where genre.id = track.genre_id) g) as genre
                from music.track where track.album_id = album.id) c) as tracks
            from music.album where album.artist_id = artist.id) b) as albums
        from music.artist order by artist.id limit 18) a)))`,
  },
]
