import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createTestDatabase } from '@glimmr/dev/testing'
import { type Test, test } from 'tap'
import { createEngine, type EngineOptions, type Session } from './engine.ts'
import type { Metadata } from './metadata-types.ts'

const golden = join(import.meta.dirname, 'golden')
const admin: Session = { role: 'admin', vars: {} }
const listener: Session = { role: 'listener', vars: { 'x-hasura-artist-id': '2' } }

async function setUp(t: Test, options: Partial<EngineOptions> = {}) {
  const database = await createTestDatabase(t)
  await database.pool.query(await readFile(join(golden, 'schema.sql'), 'utf8'))
  const metadata: Metadata = JSON.parse(await readFile(join(golden, 'metadata.json'), 'utf8'))
  const engine = await createEngine({ metadata, pools: { default: database.pool }, ...options })
  const ask = async (query: string, session = admin, variables?: unknown) => {
    const { body } = await engine.graphql({ body: { query, variables }, session })
    return JSON.parse(body)
  }
  return { engine, ask, pool: database.pool, metadata }
}

const message = (text: string | RegExp) => ({ errors: [{ message: text }] })

test('a remembered plan reads the variables of each request anew', async t => {
  const { ask } = await setUp(t)
  const query = `query ($id: Int = 1, $order: order_by!, $limit: Int, $with: Boolean!) {
    albums(where: { id: { _gte: $id } }, order_by: { id: $order }, limit: $limit) { id title @include(if: $with) }
  }`
  const found = (variables: object) => ask(query, admin, { order: 'asc', with: false, ...variables })
  t.same(await found({ id: 4 }), { data: { albums: [{ id: 4 }] } })
  t.same(await found({ id: 3 }), { data: { albums: [{ id: 3 }, { id: 4 }] } })
  t.same(await found({ id: 2, limit: 1, with: true }), { data: { albums: [{ id: 2, title: 'Second' }] } })
  t.same(await found({ limit: 1 }), { data: { albums: [{ id: 1 }] } })
  t.same(await found({ limit: 2, order: 'desc' }), { data: { albums: [{ id: 4 }, { id: 3 }] } })
  t.match(await found({ id: null }), message("unexpected null value for type 'Int'"))
  t.match(await found({ id: 'x' }), message(/invalid input syntax|expected a 32-bit integer/))
  t.match(await found({ id: 1, limit: -1 }), message(/non-negative/))
  t.match(await found({ id: 1, other: 1 }), message('unexpected variables in variableValues: other'))
  t.same(await found({ id: 4 }), { data: { albums: [{ id: 4 }] } })
})

test('a session variable of one request is never answered to another', async t => {
  const { ask } = await setUp(t)
  const query = '{ albums(where: { id: { _eq: 3 } }) { title } }'
  for (const [artist, expected] of [
    ['2', [{ title: 'Hidden' }]],
    ['1', []],
    ['2', [{ title: 'Hidden' }]],
  ] as const)
    t.same(await ask(query, { role: 'listener', vars: { 'x-hasura-artist-id': artist } }), {
      data: { albums: expected },
    })
})

test('numbers keep all their digits: the text of Postgres is passed through', async t => {
  const { engine } = await setUp(t)
  const { body } = await engine.graphql({
    body: { query: '{ tracks_by_pk(id: 5) { plays } }' },
    session: admin,
  })
  t.equal(body, '{"data":{"tracks_by_pk":{"plays":9007199254740993}}}')
})

test('no input reaches the SQL text: values, keys, aliases and session variables of hostile clients', async t => {
  const { engine, ask, pool } = await setUp(t)
  const hostile = [
    `'; drop table music.track; --`,
    '$1',
    '\\',
    `\\'`,
    '"',
    `"; drop`,
    '\u0000',
    '{1,2}',
    `'||pg_sleep(9)||'`,
    '%s',
    '🙂',
  ]
  const tables = async () =>
    (await pool.query("select count(*) from pg_tables where schemaname = 'music'")).rows[0].count
  const before = await tables()
  for (const value of hostile) {
    const variables = { text: value, json: { [value]: value }, list: [value], id: value }
    const query = `query ($text: String!, $json: jsonb!, $list: [String!]!) {
      albums(where: { _or: [{ title: { _eq: $text } }, { title: { _in: $list } }, { info: { _contains: $json } }, { info: { _has_key: $text } }] }) { id }
    }`
    const body = { query, variables: { text: value, json: variables.json, list: variables.list } }
    for (const { sql } of engine.explain({ body, session: admin }))
      t.notOk(value.length > 2 && sql.includes(value), value)
    await engine.graphql({ body, session: admin })
    await ask(`{ albums(where: { title: { _eq: ${JSON.stringify(value)} } }) { id } }`)
    await ask('{ albums { id } }', { role: 'listener', vars: { 'x-hasura-artist-id': value } })
    await ask('{ albums { id } }', { role: value, vars: {} })
    await ask(
      'mutation ($t: String) { update_albums_by_pk(pk_columns: { id: 1 }, _set: { title: $t }) { title } }',
      admin,
      { t: value },
    )
  }
  t.equal(await tables(), before)
})

test('a value that a mutation writes comes back as it was', async t => {
  const { ask } = await setUp(t)
  for (const title of [`O'Brien "x" \\ $1`, '', 'ünï🙂']) {
    const update =
      'mutation ($t: String) { update_albums_by_pk(pk_columns: { id: 1 }, _set: { title: $t }) { title } }'
    t.same(await ask(update, admin, { t: title }), { data: { update_albums_by_pk: { title } } })
  }
})

test('limits hold for every role but admin: depth, fields, root fields, values, batch', async t => {
  const { ask, engine } = await setUp(t, {
    limits: { depth: 4, nodes: 20, aliases: 3, values: 10, batch: 2, tokens: 500 },
  })
  const deep = '{ albums { artist { albums { artist { name } } } } }'
  t.match(await ask(deep, listener), message(/depth exceeds the limit of 4/))
  t.notOk((await ask(deep)).errors)
  t.match(
    await ask(`{ albums { ${Array.from({ length: 30 }, (_, n) => `a${n}: id`).join(' ')} } }`, listener),
    message(/number of fields/),
  )
  t.match(
    await ask('{ a: albums { id } b: albums { id } c: albums { id } d: albums { id } }', listener),
    message(/root fields/),
  )
  t.match(
    await ask(`{ albums(where: { id: { _in: [${'1,'.repeat(300)}] } }) { id } }`, listener),
    message(/number of (tokens|values)/),
  )
  const where = { _or: Array.from({ length: 50 }, () => ({ id: { _eq: 1 } })) }
  t.match(
    await ask('query ($w: albums_bool_exp) { albums(where: $w) { id } }', listener, { w: where }),
    message(/number of values/),
  )
  const { body } = await engine.graphql({
    body: Array(3).fill({ query: '{ albums { id } }' }),
    session: listener,
  })
  t.match(JSON.parse(body), message(/number of operations/))
})

test('an answer that is too large is not sent, and one that fits is', async t => {
  const { ask } = await setUp(t, { limits: { bytes: 100 } })
  const message100 = message(
    'the query is too large: the size of the answer in bytes exceeds the limit of 100',
  )
  t.match(await ask('{ tracks { id title album { title artist { name } } } }', listener), message100)
  t.same(
    await ask(
      '{ tracks(limit: 1, order_by: { id: asc }) { id } none: albums_by_pk(id: 99) { id } }',
      listener,
    ),
    {
      data: { tracks: [{ id: 1 }], none: null },
    },
  )
  t.notOk((await ask('{ tracks { id title album { title artist { name } } } }')).errors)
})

test('a subscription over HTTP is told where to go', async t => {
  const { ask } = await setUp(t)
  t.match(
    await ask('subscription { albums { id } }'),
    message('subscriptions are not supported over HTTP, use websockets instead'),
  )
})

test('a bomb of fragments, of nesting or of introspection is refused, not run', async t => {
  const { ask } = await setUp(t)
  const names = Array.from({ length: 30 }, (_, n) => n)
  const bomb = `{ albums { ...f0 } } ${names.map(n => `fragment f${n} on albums { artist { albums { ...f${n + 1} ...f${n + 1} } } }`).join(' ')} fragment f30 on albums { id }`
  t.match(await ask(bomb, listener), message(/depth exceeds|number of fields/))
  t.match(
    await ask(`{ albums(where: ${'{_not:'.repeat(3000)}{}${'}'.repeat(3000)}) { id } }`, listener),
    message(/exceeds the limit|not a valid/),
  )
  t.match(await ask(`{ albums ${'{ artist { albums '.repeat(20_000)}`), message('not a valid graphql query'))
  const types = `{ __schema { types { ${'fields { type { '.repeat(6)} name ${'} } '.repeat(6)} } } }`
  t.match(await ask(types, listener), message('the introspection is nested too deep'))
  t.match(
    await ask('{ albums { ...a } } fragment a on albums { artist { albums { ...a } } }'),
    message('the fragment definition(s) a form a cycle'),
  )
})

test('a query that takes too long, or that nobody waits for any more, is cancelled in Postgres', async t => {
  const { engine, pool } = await setUp(t, { limits: { timeMs: 100 } })
  await pool.query(`create or replace function music.album_length(album music.album) returns bigint stable language sql as
    $$ select 1 from pg_sleep(20) $$`)
  const query = '{ albums { length } }'
  const started = Date.now()
  const { body } = await engine.graphql({ body: { query }, session: listener })
  t.match(JSON.parse(body), message('operation exceeded the time limit'))
  const sleeping = async () => {
    const { rows } = await pool.query(
      "select from pg_stat_activity where query like '%album_length%' and state = 'active' and pid <> pg_backend_pid() and datname = current_database()",
    )
    return rows.length
  }
  const controller = new AbortController()
  const aborted = engine.graphql({ body: { query }, session: admin, signal: controller.signal })
  while ((await sleeping()) === 0 && Date.now() - started < 5000);
  controller.abort()
  t.match(JSON.parse((await aborted).body), { errors: [{}] })
  const already = await engine.graphql({ body: { query }, session: admin, signal: AbortSignal.abort() })
  t.match(JSON.parse(already.body), message('the request was aborted'))
  t.ok(Date.now() - started < 5000, 'long before the sleep ends')
  t.equal(await sleeping(), 0)
})

test('a mutation is all or nothing, and its checks hold', async t => {
  const { ask } = await setUp(t)
  t.match(
    await ask(
      'mutation { insert_albums(objects: [{ id: 20, title: "a", price: 5 }, { id: 21, title: "b", price: 0 }]) { affected_rows } }',
      listener,
    ),
    {
      errors: [
        { extensions: { code: 'permission-error', path: '$.selectionSet.insert_albums.args.objects' } },
      ],
    },
  )
  t.match(
    await ask(
      'mutation { a: update_albums(where: {}, _set: { title: "x" }) { affected_rows } b: insert_albums_one(object: { id: 1, title: "y", price: 2 }) { id } }',
      listener,
    ),
    { errors: [{ extensions: { code: 'constraint-violation' } }] },
  )
  t.same(await ask('{ albums(order_by: { id: asc }) { id title } }'), {
    data: {
      albums: [
        { id: 1, title: 'First' },
        { id: 2, title: 'Second' },
        { id: 3, title: 'Hidden' },
        { id: 4, title: 'Open' },
      ],
    },
  })
})

test('broken metadata is listed, and the rest works', async t => {
  const { metadata, pool } = await setUp(t)
  const broken = structuredClone(metadata)
  broken.sources[0]?.tables?.push({ table: 'nowhere' })
  broken.sources[0]?.tables?.[0]?.array_relationships?.push({
    name: 'lost',
    using: { foreign_key_constraint_on: { table: 'nowhere', column: 'x' } },
  })
  const engine = await createEngine({ metadata: broken, pools: { default: pool } })
  t.same(
    engine.inconsistencies().map(({ name }) => name),
    ['table nowhere in source default', 'array_relation lost in table music.artist in source default'],
  )
  const { body } = await engine.graphql({
    body: { query: '{ artists_by_pk(id: 1) { name } }' },
    session: admin,
  })
  t.equal(body, '{"data":{"artists_by_pk":{"name":"Ada"}}}')
})

test('a reload shows new columns without stopping what runs', async t => {
  const { engine, ask, pool } = await setUp(t)
  await pool.query("alter table music.artist add column home text default 'Oslo'")
  t.match(await ask('{ artists { home } }'), message("field 'home' not found in type: 'artists'"))
  await engine.reload()
  t.match(await ask('{ artists(limit: 1) { home } }'), { data: { artists: [{ home: 'Oslo' }] } })
})

test('errors of Postgres show their inside to admin only', async t => {
  const { ask } = await setUp(t)
  const query = 'mutation { insert_albums_one(object: { id: 1, title: "y", price: 2 }) { id } }'
  t.notOk((await ask(query, listener)).errors[0].extensions.internal)
  t.ok(
    await ask('mutation { insert_albums_one(object: { id: 1, title: "y", artist_id: 1 }) { id } }').then(
      each => each.errors[0].extensions.internal,
    ),
  )
})

test('an update that changes nothing answers nothing, and no row is touched', async t => {
  const { ask } = await setUp(t)
  const none = { affected_rows: 0, returning: [] }
  for (const operators of ['', ', _set: {}', ', _set: {}, _inc: {}'])
    t.same(
      await ask(`mutation { update_tracks(where: {}${operators}) { affected_rows returning { id } } }`),
      { data: { update_tracks: none } },
    )
  t.same(await ask('mutation { update_tracks_many(updates: [{ where: {} }]) { affected_rows } }'), {
    data: { update_tracks_many: [] },
  })
})
