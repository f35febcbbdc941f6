import { createTestDatabase } from '@glimmr/dev/testing'
import { type Test, test } from 'tap'
import { createEngine, type Session } from '../engine.ts'
import { createMetadataApi, type MetadataApiOptions } from './metadata-api.ts'

const admin: Session = { role: 'admin', vars: { 'x-hasura-role': 'admin' } }
const schema = `
create table author (id serial primary key, name text not null);
create table article (id serial primary key, title text, author_id int not null references author (id));
insert into author (name) values ('Ada'), ('Bo');
insert into article (title, author_id) values ('One', 1), ('Two', 2)`

async function setUp(t: Test, options: Partial<MetadataApiOptions> = {}) {
  const { pool } = await createTestDatabase(t)
  await pool.query(`create schema library; set search_path to public; ${schema}`)
  const engine = await createEngine({
    metadata: { sources: [{ name: 'default' }] },
    pools: { default: pool },
  })
  t.teardown(() => engine.close())
  const api = createMetadataApi({ control: engine.control, ...options })
  const run = (type: string, args: unknown, session = admin, more: object = {}) =>
    api.run({ body: { type, args, ...more }, session, door: 'query' })
  const ask = async (query: string, session = admin) =>
    JSON.parse((await engine.graphql({ body: { query }, session })).body)
  return { engine, api, run, ask, pool }
}

async function withTables(t: Test, options: Partial<MetadataApiOptions> = {}) {
  const made = await setUp(t, options)
  const using = { foreign_key_constraint_on: { table: 'article', column: 'author_id' } }
  await made.run('bulk', [
    { type: 'track_table', args: 'author' },
    { type: 'track_table', args: { table: 'article' } },
    { type: 'create_array_relationship', args: { table: 'author', name: 'articles', using } },
    {
      type: 'create_select_permission',
      args: {
        table: 'author',
        role: 'reader',
        permission: { columns: ['id', 'name'], filter: { name: { _eq: 'Ada' } } },
      },
    },
  ])
  return made
}

test('what is tracked is served at once, and no more once it is untracked', async t => {
  const { run, ask } = await withTables(t)
  t.same(await ask('{ author { name articles { title } } }'), {
    data: {
      author: [
        { name: 'Ada', articles: [{ title: 'One' }] },
        { name: 'Bo', articles: [{ title: 'Two' }] },
      ],
    },
  })
  await t.rejects(run('untrack_table', { table: 'article' }), {
    code: 'dependency-error',
    message:
      'cannot drop due to the following dependent objects: relationship author.articles in source "default"',
  })
  await run('untrack_table', { table: 'article', cascade: true })
  t.match(await ask('{ author { articles { title } } }'), {
    errors: [{ message: /field 'articles' not found/ }],
  })
  t.same(await ask('{ author { id } }', { role: 'reader', vars: {} }), { data: { author: [{ id: 1 }] } })
})

test('a command that would break something leaves everything as it was', async t => {
  const { run, engine, api } = await withTables(t)
  const before = structuredClone(engine.metadata())
  const version = api.resourceVersion()
  const permission = { columns: ['nothing'], filter: {} }
  await t.rejects(run('create_select_permission', { table: 'article', role: 'reader', permission }), {
    code: 'invalid-configuration',
    message: /column "nothing" does not exist/,
  })
  await t.rejects(
    run('bulk_atomic', [
      {
        type: 'create_select_permission',
        args: { table: 'article', role: 'x', permission: { columns: '*', filter: {} } },
      },
      { type: 'track_table', args: 'nowhere' },
    ]),
    { code: 'bad-request', message: 'Schema inconsistency' },
  )
  t.same(engine.metadata(), before)
  t.equal(api.resourceVersion(), version)
})

test('two who change metadata of the same version: the second is told', async t => {
  const { run, api, engine } = await setUp(t)
  const version = api.resourceVersion()
  const answers = await Promise.allSettled([
    run('track_table', 'author', admin, { resource_version: version }),
    run('track_table', 'article', admin, { resource_version: version }),
  ])
  t.same(
    answers.map(({ status }) => status),
    ['fulfilled', 'rejected'],
  )
  t.match(answers[1], { reason: { status: 409, code: 'conflict' } })
  t.equal(engine.metadata().sources[0]?.tables?.length, 1)
})

test('an export that is put back is the same export', async t => {
  const { run } = await withTables(t)
  const exported = await run('export_metadata', {})
  await run('clear_metadata', {})
  t.same(await run('replace_metadata', exported), { message: 'success' })
  t.same(await run('export_metadata', {}), exported)
})

test('nobody but admin runs a command, alone or in a bulk', async t => {
  const { run } = await withTables(t)
  const reader: Session = { role: 'reader', vars: {} }
  for (const type of ['export_metadata', 'track_table', 'run_sql', 'clear_metadata'])
    await t.rejects(run(type, {}, reader), { code: 'access-denied' }, type)
  await t.rejects(run('bulk', [{ type: 'export_metadata', args: {} }], reader), { code: 'access-denied' })
})

test('run_sql is off unless it is switched on', async t => {
  const { run } = await setUp(t)
  await t.rejects(run('run_sql', { sql: 'select 1' }), { code: 'not-supported', message: /switched off/ })
})

test('what SQL renames is renamed in the metadata; what others stand on is not dropped', async t => {
  const { run, ask } = await withTables(t, { allowRunSql: true })
  await run('run_sql', {
    sql: 'alter table author rename column name to full_name; alter table author rename to writer',
  })
  t.same(await ask('{ writer { full_name } }', { role: 'reader', vars: {} }), {
    data: { writer: [{ full_name: 'Ada' }] },
  })
  await t.rejects(run('run_sql', { sql: 'alter table writer drop column full_name' }), {
    message:
      'cannot drop due to the following dependent objects: permission writer.reader.select in source "default"',
  })
  t.same(await ask('{ writer(limit: 1) { full_name } }'), { data: { writer: [{ full_name: 'Ada' }] } })
  t.same(await run('run_sql', { sql: "select 'a' as x, null as y" }), {
    result_type: 'TuplesOk',
    result: [
      ['x', 'y'],
      ['a', 'NULL'],
    ],
  })
  await t.rejects(run('run_sql', { sql: "insert into writer (full_name) values ('C')", read_only: true }), {
    code: 'postgres-error',
  })
})

test('run_sql leaves the statements that were prepared on its connection in order', async t => {
  const { run, ask } = await withTables(t, { allowRunSql: true })
  const rows = { data: { author: [{ id: 1 }, { id: 2 }] } }
  for (let turn = 0; turn < 4; turn++) {
    t.same(await ask('{ author(order_by: { id: asc }) { id } }'), rows)
    await run('run_sql', { sql: 'select 1' })
  }
})

test('what SQL sets for its session does not reach the next one', async t => {
  const { run, pool } = await setUp(t, { allowRunSql: true })
  await run('run_sql', { sql: "set search_path to library; set statement_timeout to '1ms'" })
  const found = await Promise.all(Array.from({ length: 4 }, () => pool.query('show search_path')))
  t.notOk(found.some(({ rows }) => rows[0].search_path === 'library'))
})

test('a name that every object has is no command', async t => {
  const { run } = await setUp(t)
  for (const type of ['constructor', 'toString', '__proto__', 'pg_valueOf'])
    await t.rejects(run(type, {}), { code: 'parse-failed', message: /unknown metadata command/ }, type)
})

test('what is out of scope says so', async t => {
  const { run } = await setUp(t)
  await t.rejects(run('add_remote_schema', { name: 'x', definition: {} }), {
    message: /remote schemas are not supported/,
  })
  await t.rejects(run('mssql_add_source', {}), { message: /kind postgres only/ })
  await t.rejects(run('pg_track_native_query', {}), { message: /native queries/ })
})

test('a query of a collection keeps its fields: what it names cannot go, and is listed when it is gone', async t => {
  const { run, engine, pool } = await withTables(t, { allowRunSql: true })
  const query = 'query { author { name articles { title } } }'
  await run('create_query_collection', { name: 'kept', definition: { queries: [{ name: 'all', query }] } })
  const definition = { query: { collection_name: 'kept', query_name: 'all' } }
  await run('create_rest_endpoint', { name: 'authors', url: 'authors', methods: ['GET'], definition })
  const reason =
    /the query "all" is invalid.*"\$\.author: field 'author' not found in object 'query_root'".*REST endpoint\(s\): "authors"/
  const refusal = await run('untrack_table', { table: 'author', cascade: true }).catch(
    (cause: unknown) => cause,
  )
  t.match(refusal, { status: 500, internal: [{ type: 'query_collections', reason }] })
  await pool.query('drop table article')
  await run('reload_metadata', {})
  t.match(
    engine.inconsistencies().find(({ type }) => type === 'query_collections'),
    { reason: /\$\.author\.articles: field 'articles' not found in object 'author'/ },
  )
  await run('drop_inconsistent_metadata', {})
  t.same(engine.inconsistencies(), [])
  t.same(engine.metadata().rest_endpoints, [])
})

test('metadata of before there were sources is read with names alone for tables and functions', async t => {
  const { run, ask, pool } = await setUp(t)
  await pool.query(
    'create function found(what text) returns setof article language sql stable as $$ select * from article where title = what $$',
  )
  await run('replace_metadata', { tables: [{ table: 'article' }], functions: ['found'] })
  t.same(await ask('{ found(args: { what: "Two" }) { id } }'), { data: { found: [{ id: 2 }] } })
  await t.rejects(run('replace_metadata', { tables: [{}] }), { code: 'parse-failed' })
})

test('run_sql without a transaction runs what may not be in one', async t => {
  const { run } = await setUp(t, { allowRunSql: true })
  const sql = 'create index concurrently on article (title); -- and then;\nselect count(*) from article'
  await t.rejects(run('run_sql', { sql }), { code: 'postgres-error' })
  t.same(await run('run_sql', { sql, no_transaction: true }), {
    result_type: 'TuplesOk',
    result: [['count'], ['2']],
  })
})

test('who is not admin hears nothing of the metadata, not even its version', async t => {
  const { run } = await setUp(t)
  const reader: Session = { role: 'reader', vars: {} }
  for (const more of [{}, { resource_version: 99 }])
    await t.rejects(run('export_metadata', {}, reader, more), { code: 'access-denied' })
})
