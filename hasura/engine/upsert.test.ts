import { createTestDatabase } from '@glimmr/dev/testing'
import { type Test, test } from 'tap'
import { createEngine, type Session } from './engine.ts'

const own = { owner: { _eq: 'X-Hasura-User-Id' } }

/** What a role may insert is its own; `update` is what is said of updates. */
const tableFor = (update: object) => ({
  table: 'page',
  select_permissions: [{ role: 'user', permission: { columns: '*', filter: {} } }],
  insert_permissions: [{ role: 'user', permission: { columns: '*', check: own } }],
  update_permissions: [{ role: 'user', permission: { columns: ['owner', 'text'], filter: {}, ...update } }],
})

const user: Session = { role: 'user', vars: { 'x-hasura-user-id': 'bob' } }

async function setUp(t: Test, table: { table: string }, schema: string) {
  const { pool } = await createTestDatabase(t)
  await pool.query(schema)
  const metadata = { sources: [{ name: 'default', tables: [table] }] }
  const engine = await createEngine({ metadata, pools: { default: pool } })
  t.teardown(() => engine.close())
  return async (query: string, session: Session) =>
    JSON.parse((await engine.graphql({ body: { query }, session })).body)
}

const page =
  "create table page (id int primary key, owner text, text text); insert into page values (1, 'ann', 'a')"
const takeOver = (owner: string, id = 1) =>
  `mutation { insert_page_one(object: {id: ${id}, owner: "${owner}", text: "b"},
    on_conflict: {constraint: page_pkey, update_columns: [owner, text]}) { owner text } }`
const failed = { errors: [{ message: 'check constraint of an insert/update permission has failed' }] }

test('without a check of its own, what an upsert updates must pass the check of the insert', async t => {
  for (const update of [{}, { check: null }]) {
    const ask = await setUp(t, tableFor(update), page)
    t.match(await ask(takeOver('eve'), user), failed)
    t.match(await ask(takeOver('eve', 2), user), failed)
    t.same(await ask(takeOver('bob'), user), { data: { insert_page_one: { owner: 'bob', text: 'b' } } })
  }
})

test('a check of the update is the one for rows that were there, and an empty one always holds', async t => {
  const ask = await setUp(t, tableFor({ check: { owner: { _neq: 'eve' } } }), page)
  t.match(await ask(takeOver('eve'), user), failed)
  t.match(await ask(takeOver('joe', 2), user), failed)
  t.same(await ask(takeOver('joe'), user), { data: { insert_page_one: { owner: 'joe', text: 'b' } } })
  const askAny = await setUp(t, tableFor({ check: {} }), page)
  t.match(await askAny(takeOver('eve', 2), user), failed)
  t.same(await askAny(takeOver('eve'), user), { data: { insert_page_one: { owner: 'eve', text: 'b' } } })
})

test('admin upserts into a partitioned table, whose rows have no system columns to tell of', async t => {
  const ask = await setUp(
    t,
    { table: 'page' },
    `create table page (id int primary key, owner text, text text) partition by list (id);
     create table page_1 partition of page for values in (1); insert into page values (1, 'ann', 'a')`,
  )
  t.same(await ask(takeOver('eve'), { role: 'admin', vars: {} }), {
    data: { insert_page_one: { owner: 'eve', text: 'b' } },
  })
})
