/** What conformance/scope.ts excludes answers so that a user knows why. */
import { createTestDatabase } from '@glimmr/dev/testing'
import { type Test, test } from 'tap'
import { createEngine, type Session } from './engine.ts'
import { serve } from './http/serve.ts'
import { createMetadataApi } from './metadata-api/metadata-api.ts'
import type { SourceMetadata } from './metadata-types.ts'

const admin: Session = { role: 'admin', vars: {} }

async function setUp(t: Test, source: Partial<SourceMetadata> = {}, more: object = {}) {
  const { pool } = await createTestDatabase(t)
  // PostGIS is not here; a type of that name is what metadata and queries meet.
  await pool.query(`set search_path to public; create domain geometry as text;
    create table place (id int primary key, spot geometry)`)
  const metadata = {
    sources: [{ name: 'default', tables: [{ table: { schema: 'public', name: 'place' } }], ...source }],
    ...more,
  }
  const engine = await createEngine({ metadata, pools: { default: pool } })
  t.teardown(() => engine.close())
  const metadataApi = createMetadataApi({ control: engine.control })
  const run = (type: string, args: unknown) =>
    metadataApi.run({ body: { type, args }, session: admin, door: 'metadata' })
  const ask = async (query: string) =>
    JSON.parse((await engine.graphql({ body: { query }, session: admin })).body)
  const send = (method: string, url: string, body?: unknown) =>
    serve(engine, { auth: {}, metadataApi }, { method, url, headers: {}, body })
  return { engine, run, ask, send }
}

const refused = (message: RegExp) => ({ code: 'not-supported', message })

test('remote schemas: refused as a command, listed in metadata, and the rest works', async t => {
  const { engine, run, ask } = await setUp(t, {}, { remote_schemas: [{ name: 'far', definition: {} }] })
  await t.rejects(
    run('add_remote_schema', { name: 'a', definition: { url: 'http://localhost' } }),
    refused(/remote schemas are not supported by this server/),
  )
  await t.rejects(
    run('pg_create_remote_relationship', {
      table: 'place',
      name: 'x',
      definition: { to_remote_schema: {} },
    }),
    refused(/remote schemas are not supported by this server/),
  )
  t.match(engine.inconsistencies(), [{ type: 'remote_schema', reason: /not supported by this server/ }])
  t.same(await ask('{ place { id } }'), { data: { place: [] } })
})

test('relay: its path says that it is not supported', async t => {
  const { send } = await setUp(t)
  const { status, body } = await send('POST', '/v1beta1/relay', { query: '{ __typename }' })
  t.equal(status, 400)
  t.match(JSON.parse(body), { code: 'not-supported', error: 'relay is not supported by this server' })
})

test('Apollo federation: refused when a table asks for it, and its root fields say so', async t => {
  const { run, ask } = await setUp(t)
  await run('pg_untrack_table', { table: 'place' })
  await t.rejects(
    run('pg_track_table', { table: 'place', apollo_federation_config: { enable: 'v1' } }),
    refused(/Apollo federation is not supported by this server/),
  )
  for (const query of ['{ _service { sdl } }', '{ _entities(representations: []) { __typename } }'])
    t.match(await ask(query), {
      errors: [
        {
          message: 'Apollo federation is not supported by this server',
          extensions: { code: 'not-supported' },
        },
      ],
    })
})

test('rows by /v1/query: where they are not mounted, each command names GraphQL in its place', async t => {
  const { send } = await setUp(t)
  for (const type of ['insert', 'update', 'delete', 'count']) {
    const { status, body } = await send('POST', '/v1/query', { type, args: { table: 'place' } })
    t.equal(status, 400)
    t.match(JSON.parse(body), { code: 'not-supported', error: /on rows is not supported.*use GraphQL/ })
  }
})

test('PostGIS: its operators are named as such in a query, and make a permission inconsistent', async t => {
  const filter = { spot: { _st_intersects: 'X-Hasura-Spot' } }
  const { engine, ask } = await setUp(t, {
    tables: [
      {
        table: { schema: 'public', name: 'place' },
        select_permissions: [{ role: 'user', permission: { columns: ['id'], filter } }],
      },
    ],
  })
  t.match(await ask('{ place(where: { spot: { _st_within: "" } }) { id } }'), {
    errors: [{ message: /PostGIS are not supported.*_st_within/, extensions: { code: 'not-supported' } }],
  })
  t.match(engine.inconsistencies(), [{ type: 'select_permission', reason: /PostGIS.*_st_intersects/ }])
  const { body } = await engine.graphql({
    body: { query: '{ place { id } }' },
    session: { role: 'user', vars: {} },
  })
  t.match(body, /field 'place' not found/, 'a filter that cannot be kept shows nothing')
})

test('an operator that nobody has makes a permission inconsistent, not an answer without filter', async t => {
  const filter = { id: { _equals: 1 } }
  const { engine } = await setUp(t, {
    tables: [
      {
        table: { schema: 'public', name: 'place' },
        select_permissions: [{ role: 'user', permission: { columns: ['id'], filter } }],
      },
    ],
  })
  t.match(engine.inconsistencies(), [{ type: 'select_permission', reason: /Unknown operator: _equals/ }])
})

test('a permission whose input a webhook should validate is none where nobody asks it, lest it be written unvalidated', async t => {
  const definition = { type: 'http' as const, definition: { url: 'http://127.0.0.1:9/' } }
  const permission = { columns: ['id'], check: {}, validate_input: definition }
  const { engine } = await setUp(t, {
    tables: [
      { table: { schema: 'public', name: 'place' }, insert_permissions: [{ role: 'user', permission }] },
    ],
  })
  t.match(engine.inconsistencies(), [
    { type: 'insert_permission', reason: /validation of input by a webhook is not switched on/ },
  ])
  const query = 'mutation { insert_place(objects: {id: 1}) { affected_rows } }'
  const { body } = await engine.graphql({ body: { query }, session: { role: 'user', vars: {} } })
  t.match(body, /no mutations exist/)
})

test('an operator that the type has not makes a permission inconsistent', async t => {
  for (const [filter, said] of [
    [
      { id: { _like: '1%' } },
      / is of type "integer"; this operator works only on columns of type "varchar", "text"/,
    ],
    [{ id: { _contains: 1 } }, /works only on columns of type an array or JSONB/],
    [{ id: { _ancestor: 'a' } }, /works only on columns of type "ltree"/],
  ] as const) {
    const { engine } = await setUp(t, {
      tables: [
        {
          table: { schema: 'public', name: 'place' },
          select_permissions: [{ role: 'user', permission: { columns: ['id'], filter } }],
        },
      ],
    })
    t.match(engine.inconsistencies(), [{ type: 'select_permission', reason: said }])
  }
})

test('native queries, other databases and pg_dump say what is missing', async t => {
  const { engine, run, send } = await setUp(t, {
    native_queries: [{ root_field_name: 'hello', code: 'select 1' }],
    logical_models: [{ name: 'greeting', fields: [] }],
  })
  t.match(engine.inconsistencies(), [
    { type: 'native_query', name: 'native_query hello in source default' },
    { type: 'logical_model', reason: /not supported by this server/ },
  ])
  await t.rejects(run('pg_track_native_query', { root_field_name: 'x' }), refused(/native queries/))
  await t.rejects(run('mssql_track_table', {}), refused(/sources of kind postgres only/))
  const dump = await send('POST', '/v1alpha1/pg_dump', { opts: [] })
  t.match(JSON.parse(dump.body), { code: 'not-supported', error: /pg_dump is not part of this server/ })
})
