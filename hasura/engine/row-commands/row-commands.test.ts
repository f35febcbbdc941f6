import { createTestDatabase } from '@glimmr/dev/testing'
import { type Test, test } from 'tap'
import { createEngine, type Session } from '../engine.ts'
import { parseExact } from '../exact-json.ts'
import { createMetadataApi } from '../metadata-api/metadata-api.ts'
import type { Metadata } from '../metadata-types.ts'
import { rowActs } from './row-acts.ts'

const admin: Session = { role: 'admin', vars: {} }
const as = (role: string, id: string): Session => ({ role, vars: { 'x-hasura-user-id': id } })

const own = { owner: { _eq: 'X-Hasura-User-Id' } }
const metadata: Metadata = {
  sources: [
    {
      name: 'default',
      tables: [
        {
          table: 'person',
          array_relationships: [
            { name: 'notes', using: { foreign_key_constraint_on: { table: 'note', column: 'owner' } } },
          ],
          select_permissions: [{ role: 'user', permission: { columns: ['id', 'name'], filter: {} } }],
        },
        {
          table: 'note',
          object_relationships: [{ name: 'person', using: { foreign_key_constraint_on: 'owner' } }],
          select_permissions: [
            { role: 'user', permission: { columns: ['id', 'owner', 'text', 'big'], filter: own, limit: 2 } },
            { role: 'guest', permission: { columns: ['id'], filter: {} } },
          ],
          insert_permissions: [
            {
              role: 'user',
              permission: {
                columns: ['id', 'text', 'big', 'tags'],
                check: { id: { _lt: 100 } },
                set: { owner: 'X-Hasura-User-Id' },
              },
            },
            {
              role: 'checked',
              permission: {
                columns: '*',
                check: {},
                validate_input: { type: 'http', definition: { url: 'http://127.0.0.1:9/' } },
              },
            },
          ],
          update_permissions: [
            {
              role: 'user',
              permission: { columns: ['id', 'text', 'big'], filter: own, check: { big: { _lt: 1000 } } },
            },
            { role: 'guest', permission: { columns: ['text'], filter: {} } },
            { role: 'blind', permission: { columns: ['text'], filter: {} } },
          ],
          delete_permissions: [{ role: 'user', permission: { filter: own } }],
        },
      ],
    },
  ],
}

async function setUp(t: Test) {
  const { pool } = await createTestDatabase(t)
  await pool.query(`create table person (id int primary key, name text, secret text);
    create table note (id int primary key, owner int references person (id), text text default 'none', big bigint,
      tags text[], data jsonb, unique (owner, text));
    insert into person values (1, 'Ada', 's1'), (2, 'Bo', 's2');
    insert into note (id, owner, text, big) values (1, 1, 'a', 1), (2, 1, 'b', 2), (3, 1, 'c', 3), (4, 2, 'd', 4)`)
  const client = Object.assign(async () => ({ status: 200, headers: {}, body: '' }), {
    close: async () => undefined,
  })
  const engine = await createEngine({ metadata, pools: { default: pool }, validateInput: { client } })
  t.teardown(() => engine.close())
  const api = createMetadataApi({ control: engine.control, acts: rowActs() })
  const run = (type: string, args: unknown, session = admin, door: 'query' | 'metadata' = 'query') =>
    api.run({ body: { type, args }, session, door })
  const rows = async (sql: string) => (await pool.query(sql)).rows
  return { run, rows }
}

const user = as('user', '1')

test('rows are written and read with all that is in them, whatever it looks like', async t => {
  const { run, rows } = await setUp(t)
  const object = parseExact(
    `{"id": 9, "owner": 2, "big": 50755254975729665, "text": "X-Hasura-User-Id'); drop table note; --", "tags": ["a,b", null, "\\"q"], "data": {"$eq": [1, null]}}`,
  )
  const answer = await run('pg_insert', {
    table: 'note',
    objects: [object],
    returning: ['big', 'tags', 'data'],
  })
  t.equal(
    JSON.stringify(answer),
    '{"affected_rows":1,"returning":[{"big":50755254975729665,"tags":["a,b",null,"\\"q"],"data":{"$eq":[1,null]}}]}',
  )
  const [row] = await rows('select text, big::text from note where id = 9')
  t.same(row, { text: "X-Hasura-User-Id'); drop table note; --", big: '50755254975729665' })
  t.same(await run('count', { table: 'note', where: { text: { $like: "%drop' or true --" } } }), { count: 0 })
  t.same(await run('insert', { table: 'note', objects: [{ id: 10 }, { id: 11, text: null }] }), {
    affected_rows: 2,
  })
  t.same(await rows('select text from note where id > 9 order by id'), [{ text: 'none' }, { text: null }])
})

test('update sets, adds, multiplies and resets; delete takes what is meant, and nothing for want of where', async t => {
  const { run, rows } = await setUp(t)
  const changes = { $set: { text: 'x' }, $inc: { big: 5 }, $default: ['owner'] }
  t.same(await run('update', { table: 'note', ...changes, where: { id: 1 }, returning: ['big', 'owner'] }), {
    affected_rows: 1,
    returning: [{ big: 6, owner: null }],
  })
  await run('update', { table: 'note', $mul: { big: 10 }, where: { person: { name: 'Bo' } } })
  t.same(await rows('select id from note where big = 40'), [{ id: 4 }])
  for (const type of ['update', 'delete'])
    await t.rejects(run(type, { table: 'note', $set: { text: 'x' } }), { message: 'key "where" not found' })
  await t.rejects(run('update', { table: 'note', where: {} }), { code: 'unexpected-payload' })
  await t.rejects(run('update', { table: 'note', where: {}, $set: { big: 1 }, $inc: { big: 1 } }), {
    message: 'column "big" is set more than once',
  })
  t.same(await run('delete', { table: 'note', where: { $or: [{ id: 1 }, { id: { $gt: 3 } }] } }), {
    affected_rows: 2,
  })
  t.same(await run('delete', { table: 'note', where: {} }), { affected_rows: 2 })
})

test('a role reads its rows and columns, also behind relationships, and is counted no others', async t => {
  const { run } = await setUp(t)
  const columns = ['*', { name: 'person', columns: ['name'] }]
  const read = await run('select', { table: 'note', columns, order_by: '-id' }, user)
  t.same(read, [
    { id: 3, owner: 1, text: 'c', big: 3, person: { name: 'Ada' } },
    { id: 2, owner: 1, text: 'b', big: 2, person: { name: 'Ada' } },
  ])
  t.same(await run('count', { table: 'note' }, user), { count: 3 })
  t.same(await run('count', { table: 'note', distinct: ['owner'] }, user), { count: 1 })
  t.same(await run('count', { table: 'person', where: { notes: { id: 4 } } }, user), { count: 0 })
  t.same(await run('count', { table: 'person', where: { notes: {} } }), { count: 2 })
  for (const [type, args] of [
    ['select', { table: 'person', columns: ['secret'] }],
    ['select', { table: 'person', columns: ['id'], where: { secret: 's1' } }],
    ['select', { table: 'person', columns: ['id'], where: { $not: { $and: [{ secret: { $gt: '' } }] } } }],
    ['select', { table: 'person', columns: ['id'], order_by: 'secret' }],
    ['select', { table: 'note', columns: ['id'], order_by: 'person.secret' }],
    ['select', { table: 'note', columns: ['id', { name: 'person', columns: ['secret'] }] }],
    ['count', { table: 'note', where: { person: { secret: 's1' } } }],
    ['count', { table: 'note', distinct: ['tags'] }],
    ['update', { table: 'note', $set: { text: 'x' }, where: { data: {} } }],
    ['delete', { table: 'note', where: { tags: [] }, returning: ['id'] }],
    ['delete', { table: 'note', where: {}, returning: ['tags'] }],
  ] as const)
    await t.rejects(run(type, args, user), { code: 'permission-denied' }, JSON.stringify(args))
  const other = { _exists: { _table: 'person', _where: { secret: 's1' } } }
  await t.rejects(run('count', { table: 'note', where: other }, user), { code: 'permission-denied' })
  await t.rejects(run('count', { table: 'note', where: { id: { $ceq: ['$', 'data'] } } }, user), {
    code: 'not-supported',
  })
})

test('a role writes what its permissions let it, with their presets, filters and checks', async t => {
  const { run, rows } = await setUp(t)
  const insert = (object: object, more: object = {}) =>
    run('insert', { table: 'note', objects: [object], returning: ['id', 'owner'], ...more }, user)
  t.same(await insert({ id: 50 }), { affected_rows: 1, returning: [{ id: 50, owner: 1 }] })
  await t.rejects(insert({ id: 500, text: 'high' }), { code: 'permission-error', path: '$.args' })
  await t.rejects(insert({ id: 51, owner: 2 }), {
    message: 'column "owner" is not insertable for role "user"',
  })
  await t.rejects(insert({ id: 51, data: {} }), { code: 'permission-denied' })
  const update = (args: object, who = user) => run('update', { table: 'note', ...args }, who)
  t.same(await update({ $set: { text: 'mine' }, where: { id: 4 } }), { affected_rows: 0 })
  await t.rejects(update({ $set: { big: 5000 }, where: { id: 1 } }), { code: 'permission-error' })
  await t.rejects(update({ $set: { owner: 2 }, where: { id: 1 } }), { code: 'permission-denied' })
  t.same(await run('delete', { table: 'note', where: { id: 4 } }, user), { affected_rows: 0 })
  t.same(await rows('select count(*)::int as n from note'), [{ n: 5 }])
  await t.rejects(update({ $set: { text: 'x' }, where: {} }, as('blind', '1')), {
    message: /without "select"/,
  })
  await t.rejects(run('delete', { table: 'note', where: {} }, as('guest', '1')), {
    message: 'delete on "note" for role "guest" is not allowed. ',
  })
  await t.rejects(run('insert', { table: 'note', objects: [{ id: 70 }] }, as('checked', '1')), {
    code: 'not-supported',
  })
})

test('a conflict is left, or updates what the role may update', async t => {
  const { run, rows } = await setUp(t)
  const insert = (object: object, on_conflict: object, who = user) =>
    run('insert', { table: 'note', objects: [object], on_conflict }, who)
  t.same(await insert({ id: 1, text: 'z' }, { action: 'ignore' }), { affected_rows: 0 })
  t.same(await insert({ id: 60, text: 'a' }, { constraint_on: ['text', 'owner'], action: 'ignore' }), {
    affected_rows: 0,
  })
  t.same(await insert({ id: 1, text: 'z' }, { constraint: 'note_pkey', action: 'update' }), {
    affected_rows: 1,
  })
  t.same(await insert({ id: 4, text: 'z4' }, { constraint_on: 'id', action: 'update' }), { affected_rows: 0 })
  t.same(await rows('select text from note where id in (1, 4) order by id'), [{ text: 'z' }, { text: 'd' }])
  for (const [conflict, code] of [
    [{ constraint: 'none', action: 'update' }, 'unexpected'],
    [{ constraint_on: ['none'], action: 'update' }, 'not-exists'],
    [{ constraint_on: ['big'], action: 'update' }, 'constraint-error'],
    [{ constraint_on: ['id'], constraint: 'note_pkey', action: 'update' }, 'unexpected-payload'],
    [{ action: 'update' }, 'unexpected-payload'],
    [{ action: 'replace' }, 'parse-failed'],
    [{}, 'parse-failed'],
  ] as const)
    await t.rejects(insert({ id: 1 }, conflict), { code }, JSON.stringify(conflict))
  const tagged = { id: 1, tags: [] }
  await t.rejects(insert(tagged, { constraint: 'note_pkey', action: 'update' }), {
    message: 'column "tags" is not updatable',
  })
})

test('commands on rows are those of every role, at their own door, and nothing else is', async t => {
  const { run } = await setUp(t)
  const count = { type: 'count', args: { table: 'note' } }
  t.same(await run('bulk', [count, count], user), [{ count: 3 }, { count: 3 }])
  for (const [type, args] of [
    ['bulk', [count, { type: 'export_metadata', args: {} }]],
    ['bulk', [{ type: 'bulk', args: [{ type: 'clear_metadata', args: {} }] }]],
    ['bulk_keep_going', [count]],
    ['export_metadata', {}],
    ['run_sql', { sql: 'select 1' }],
  ] as const)
    await t.rejects(run(type, args, user), { code: 'access-denied' }, type)
  await t.rejects(run('count', { table: 'note' }, user, 'metadata'), { code: 'access-denied' })
  await t.rejects(run('count', { table: 'note', source: 'none' }, user), { code: 'not-exists' })
  await t.rejects(run('count', { table: 'none' }, user), { message: 'table "none" does not exist' })
  await t.rejects(run('count', { table: 'note' }, as('nobody', '1')), {
    message:
      'select on "note" for role "nobody" is not allowed. ; "count" is only allowed if the role has "select" permissions on the table',
  })
})
