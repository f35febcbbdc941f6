import { createTestDatabase } from '@glimmr/dev/testing'
import { type Test, test } from 'tap'
import { createEngine } from '../engine.ts'
import { serve } from './serve.ts'

const queries: Record<string, { url: string; query: string; methods?: string[] }> = {
  all: { url: 'notes', query: '{ note(order_by: {id: asc}) { id text } }' },
  one: { url: 'notes/:id', query: 'query ($id: bigint!) { note_by_pk(id: $id) { text } }' },
  few: {
    url: 'few',
    query:
      'query ($n: Int!, $least: float8 = 0, $up: Boolean = true, $ids: [bigint!] = [1, 2, 50755254975729665]) { note(limit: $n, order_by: {id: asc}, where: {size: {_gte: $least}, id: {_in: $ids}}) @include(if: $up) { id } }',
    methods: ['GET', 'POST'],
  },
  broken: { url: 'broken', query: '{ note {' },
  failing: { url: 'failing', query: '{ failing { id } }' },
}

async function setUp(t: Test) {
  const { pool } = await createTestDatabase(t)
  await pool.query(`create table note (id bigint primary key, text text, size float8);
    insert into note values (1, 'a', 1), (2, 'b/ü', 2.5), (50755254975729665, 'big', 3);
    create function failing() returns setof note language plpgsql stable
      as $$ begin raise exception 'secret'; end $$`)
  const engine = await createEngine({
    metadata: {
      sources: [
        {
          name: 'default',
          functions: [{ function: 'failing' }],
          tables: [
            {
              table: 'note',
              select_permissions: [
                { role: 'user', permission: { columns: ['id', 'size'], filter: { id: { _lt: 3 } } } },
              ],
            },
          ],
        },
      ],
      query_collections: [
        {
          name: 'q',
          definition: { queries: Object.entries(queries).map(([name, { query }]) => ({ name, query })) },
        },
      ],
      rest_endpoints: Object.entries(queries).map(([name, { url, methods = ['GET'] }]) => ({
        name,
        url,
        methods,
        definition: { query: { collection_name: 'q', query_name: name } },
      })),
    },
    pools: { default: pool },
  })
  t.teardown(() => engine.close())
  const ask = async (
    path: string,
    {
      method = 'GET',
      body,
      headers = {},
    }: { method?: string; body?: unknown; headers?: Record<string, string> } = {},
  ) => {
    const answer = await serve(engine, { auth: {} }, { method, url: `/api/rest/${path}`, headers, body })
    return { status: answer.status, text: answer.body }
  }
  return { ask, engine }
}

test('a URL runs its query, and the answer is the data', async t => {
  const { ask } = await setUp(t)
  t.same(await ask('notes/1'), { status: 200, text: '{"note_by_pk":{"text":"a"}}' })
  t.same(await ask('notes/50755254975729665'), { status: 200, text: '{"note_by_pk":{"text":"big"}}' })
  t.match((await ask('notes')).text, 'b/ü')
})

test('values of the URL and the body become what the variables are declared as', async t => {
  const { ask } = await setUp(t)
  t.same(await ask('few?n=2&least=2.5'), {
    status: 200,
    text: '{"note":[{"id":2}, \n {"id":50755254975729665}]}',
  })
  t.same(await ask('few?up=false', { method: 'POST', body: { n: 1 } }), { status: 200, text: '{}' })
  t.same(await ask('few?up&n=9&least=', { method: 'POST', body: { n: 1, ids: [2] } }), {
    status: 200,
    text: '{"note":[{"id":2}]}',
  })
  for (const [search, said] of [
    ['', /expecting a value for non-nullable variable: \\"n\\"/],
    ['?n=0x10', /expected a non-negative 32-bit integer for type 'Int', but found a string/],
    ['?n=1.5', /The value 1.5 lies outside the bounds or is not an integer/],
    ['?n=99999999999', /The value 9.9999999999e10 lies outside the bounds/],
    ['?n=1&up=maybe', /expected a boolean for type 'Boolean', but found a string/],
    ['?n=1&page=2', /"error":"Unexpected variable page","code":"bad-request"/],
    ['?n=1&ids=2', /List variables are not currently supported in URL or Query parameters/],
  ] as const) {
    const { status, text } = await ask(`few${search}`)
    t.equal(status, 400, search)
    t.match(text, said, search)
  }
})

test('a role sees what it may, by whatever URL', async t => {
  const { ask } = await setUp(t)
  const headers = { 'x-hasura-role': 'user' }
  t.match((await ask('notes', { headers })).text, /field 'text' not found/)
  t.same(await ask('few?n=10', { headers }), { status: 200, text: '{"note":[{"id":1}, \n {"id":2}]}' })
})

test('what no endpoint is meant by is refused, and nothing of it is an internal error', async t => {
  const { ask, engine } = await setUp(t)
  t.match(await ask('notes', { method: 'DELETE' }), { status: 405, text: /Allowed methods: GET/ })
  for (const path of ['nothing', 'notes/1/2', '', '../v1/graphql', 'notes%2F1', '//notes'])
    t.equal((await ask(path)).status, 404, path)
  for (const path of ['%zz', 'notes/%E0%A4%A', 'notes/%'])
    t.match(await ask(path), { status: 400, text: /not well encoded/ }, path)
  t.match(await ask('notes/x%27%20or%201=1'), { status: 400, text: /invalid input syntax for type bigint/ })
  t.match(await ask('broken'), { status: 400, text: /not valid GraphQL/ })
  t.match(engine.inconsistencies(), [{ type: 'query_collections', reason: /"broken" is invalid/ }])
})

test('what is not the fault of the request is told by its status, and so is what is', async t => {
  const { ask, engine } = await setUp(t)
  t.same(await ask('failing'), {
    status: 500,
    text: '{"path":"$","error":"database query error","code":"unexpected"}',
  })
  t.match(await ask('few'), { status: 400, text: /expecting a value for non-nullable variable/ })
  const request = (query: string) => ({
    method: 'POST',
    url: '/v1alpha1/graphql',
    headers: {},
    body: { query },
  })
  const older = (query: string) => serve(engine, { auth: {} }, request(query))
  t.match(await older('{ failing { id } }'), { status: 500, body: /database query error/ })
  t.match(await older('{ nothing { id } }'), { status: 400, body: /not found/ })
})

test('a question mark in a value is part of it, and a POST without a body is one without values', async t => {
  const { ask } = await setUp(t)
  t.match(await ask('few?n=2&x?=1'), { status: 200 })
  t.match(await ask('few?n=1', { method: 'POST' }), { status: 200 })
})

test('what a server could be asked is told to admin alone', async t => {
  const { engine } = await setUp(t)
  const options = { auth: { adminSecret: 's', unauthorizedRole: 'user' } }
  const get = (headers: Record<string, string>) =>
    serve(engine, options, { method: 'GET', url: '/api/swagger/json', headers, body: undefined })
  t.match(await get({}), { status: 400, body: /access-denied/ })
  t.match(await get({ 'x-hasura-admin-secret': 's' }), { status: 200, body: /openapi/ })
})

test('health is a warning where something is inconsistent, and a fault for who is strict', async t => {
  const { engine } = await setUp(t)
  const ask = (url: string) =>
    serve(engine, { auth: {} }, { method: 'GET', url, headers: {}, body: undefined })
  const told = 'inconsistent objects in schema'
  t.match(await ask('/healthz'), { status: 200, body: `WARN: ${told}` })
  t.match(await ask('/hasura/healthz?strict=false'), { status: 200, body: `WARN: ${told}` })
  t.match(await ask('/healthz?strict=true'), { status: 500, body: `ERROR: ${told}` })
})
