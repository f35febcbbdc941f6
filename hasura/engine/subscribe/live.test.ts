import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createTestDatabase } from '@glimmr/dev/testing'
import { type Test, test } from 'tap'
import { createEngine, type EngineOptions, type Listener, type Session } from '../engine.ts'
import type { Metadata } from '../metadata-types.ts'

const golden = join(import.meta.dirname, '../golden')
const admin: Session = { role: 'admin', vars: {} }

async function setUp(t: Test, options: Partial<EngineOptions> = {}) {
  const { pool } = await createTestDatabase(t)
  await pool.query(await readFile(join(golden, 'schema.sql'), 'utf8'))
  const metadata: Metadata = JSON.parse(await readFile(join(golden, 'metadata.json'), 'utf8'))
  const subscriptions = { intervalMs: 60_000 }
  const engine = await createEngine({ metadata, pools: { default: pool }, subscriptions, ...options })
  t.teardown(() => engine.close())
  const write = async (mutation: string) =>
    JSON.parse((await engine.graphql({ body: { query: `mutation { ${mutation} }` }, session: admin })).body)
  return { engine, pool, write }
}

/** Keeps what it is told; `told(n)` is the n-th of it, as soon as it is there. */
function listening() {
  const heard: string[] = []
  const waiting: (() => void)[] = []
  const hear = (text: string) => {
    heard.push(text)
    for (const wake of waiting.splice(0)) wake()
  }
  const state = { ready: true }
  const listener: Listener = {
    next: hear,
    failed: error => hear(`failed: ${error.message}`),
    ended: () => hear('ended'),
    ready: () => state.ready,
  }
  const told = async (count: number): Promise<string> => {
    while (heard.length < count) await new Promise<void>(wake => waiting.push(wake))
    return heard[count - 1] ?? ''
  }
  return { listener, heard, told, state }
}

const title = (id: number) => ({ query: `subscription { albums(where: { id: { _eq: ${id} } }) { title } }` })
const rename = (id: number, to: string) =>
  `update_albums_by_pk(pk_columns: { id: ${id} }, _set: { title: "${to}" }) { id }`

test('a client that does not read is passed over, and told the newest when it reads again', async t => {
  const { engine, write } = await setUp(t)
  const [slow, quick] = [listening(), listening()]
  engine.subscribe({ body: title(1), session: admin }, slow.listener)
  engine.subscribe({ body: title(1), session: admin }, quick.listener)
  await Promise.all([slow.told(1), quick.told(1)])
  slow.state.ready = false
  for (const [n, to] of ['second', 'third'].entries()) {
    await write(rename(1, to))
    t.match(await quick.told(n + 2), to)
  }
  slow.state.ready = true
  await write(rename(2, 'of another album'))
  t.match(await slow.told(2), 'third')
  t.same([slow.heard.length, quick.heard.length], [2, 3], 'what did not change is not told again')
})

test('a statement that fails is told once, and a subscription outlives it', async t => {
  const { engine, write, pool } = await setUp(t)
  const failing = (fails: boolean) =>
    pool.query(`create or replace function music.album_length(album music.album) returns bigint stable language plpgsql as
      $$ begin if ${fails} then raise exception 'not now'; end if; return 7; end $$`)
  await failing(true)
  const { listener, heard, told } = listening()
  const query = 'subscription { albums(where: { id: { _eq: 1 } }) { title length } }'
  engine.subscribe({ body: { query }, session: admin }, listener)
  t.match(await told(1), /^failed/)
  const other = listening()
  engine.subscribe({ body: title(1), session: admin }, other.listener)
  await other.told(1)
  await write(rename(1, 'while it fails'))
  await other.told(2)
  await failing(false)
  await write(rename(1, 'again'))
  // What was asked anew while it failed may only be asked when it does no more.
  for (let count = 2; !heard.at(-1)?.includes('again'); count++) await told(count)
  t.equal(heard.at(-1), '{"data":{"albums":[{"title":"again","length":7}]}}')
  t.equal(heard.filter(text => text.startsWith('failed')).length, 1)
})

test('a statement that takes too long is told as such, and does not keep others waiting', async t => {
  const { engine, pool } = await setUp(t, { limits: { timeMs: 100 } })
  await pool.query(`create or replace function music.album_length(album music.album) returns bigint stable language sql as
    $$ select 1 from pg_sleep(20) $$`)
  const session = { role: 'listener', vars: { 'x-hasura-artist-id': '1' } }
  const late = listening()
  engine.subscribe({ body: { query: 'subscription { albums { length } }' }, session }, late.listener)
  const other = listening()
  engine.subscribe({ body: title(1), session }, other.listener)
  t.match(await other.told(1), 'First')
  t.match(await late.told(1), /time limit/)
})

test('three hundred of one shape are three statements; who sends a bad value is told apart', async t => {
  const { engine } = await setUp(t)
  const query = 'subscription ($id: bigint!) { tracks(where: { plays: { _eq: $id } }) { id } }'
  const all = Array.from({ length: 300 }, (_, n) => ({ n, heard: listening() }))
  for (const { n, heard } of all) {
    const id = n === 150 ? 'no number' : n
    engine.subscribe({ body: { query, variables: { id } }, session: admin }, heard.listener)
  }
  const told = await Promise.all(all.map(({ heard }) => heard.told(1)))
  t.equal(told[10], '{"data":{"tracks":[{"id":1}]}}')
  t.equal(told[11], '{"data":{"tracks":[]}}')
  t.match(told[150], /^failed: invalid input syntax/)
  t.equal(told.filter(text => text.startsWith('failed')).length, 1)
  t.same(engine.subscriptions(), { pollers: 1, cohorts: 300, listeners: 300 })
})

test('a write refreshes what reads its tables, through permissions and relationships as well', async t => {
  const { engine, write } = await setUp(t)
  const session = { role: 'listener', vars: { 'x-hasura-artist-id': '1' } }
  const tracks = listening()
  // Which tracks a listener sees depends on their album.
  engine.subscribe(
    { body: { query: 'subscription { tracks(order_by: { id: asc }) { id } }' }, session },
    tracks.listener,
  )
  const artists = listening()
  engine.subscribe({ body: { query: 'subscription { artists { name } }' }, session }, artists.listener)
  await Promise.all([tracks.told(1), artists.told(1)])
  await write('update_albums_by_pk(pk_columns: { id: 1 }, _set: { published: false }) { id }')
  t.equal(await tracks.told(2), '{"data":{"tracks":[{"id":3}, \n {"id":5}]}}')
  await write(
    'insert_artists_one(object: { id: 9, name: "New", albums: { data: [{ id: 9, title: "Nested" }] } }) { id }',
  )
  t.match(await artists.told(2), 'New')
})

test('who leaves is forgotten, and a closed engine tells the others', async t => {
  const { engine } = await setUp(t)
  const [first, second] = [listening(), listening()]
  const leave = engine.subscribe({ body: title(1), session: admin }, first.listener)
  engine.subscribe({ body: title(1), session: admin }, second.listener)
  await Promise.all([first.told(1), second.told(1)])
  leave?.()
  leave?.()
  t.same(engine.subscriptions(), { pollers: 1, cohorts: 1, listeners: 1 })
  await engine.close()
  t.equal(await second.told(2), 'ended')
  t.same(engine.subscriptions(), { pollers: 0, cohorts: 0, listeners: 0 })
  t.equal(first.heard.length, 1)
})
