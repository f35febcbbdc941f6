import { EventEmitter, once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { createTestDatabase } from '@glimmr/dev/testing'
import { type Test, test } from 'tap'
import { request } from 'undici'
import { WebSocket } from 'ws'
import { createEngine } from '../engine.ts'
import { createMetadataApi } from '../metadata-api/metadata-api.ts'
import { createWebhookClient } from '../webhook/webhook-client.ts'
import { identify } from './identify.ts'
import { createListener } from './listen.ts'
import { serve } from './serve.ts'
import { logOf, openFront, readFrontSettings } from './settings.ts'
import { createSockets } from './sockets.ts'

type Line = { level: string; type: string; detail: Record<string, unknown> }

/** The whole front on a port, over one table; `lines` are what it wrote. */
async function setUp(t: Test, env: Record<string, string> = {}) {
  const { pool } = await createTestDatabase(t)
  await pool.query("create table hello (id int primary key, name text); insert into hello values (1, 'Ada')")
  const metadata = {
    sources: [{ name: 'default', tables: [{ table: { schema: 'public', name: 'hello' } }] }],
  }
  const engine = await createEngine({ metadata, pools: { default: pool } })
  const lines: Line[] = []
  const written = new EventEmitter()
  const line = (level: string) => (given: object) => {
    lines.push({ level, ...given } as Line)
    written.emit('line')
  }
  const logger = { debug: line('debug'), info: line('info'), warn: line('warn'), error: line('error') }
  const all = { HASURA_GRAPHQL_ADMIN_SECRET: 's3cret', ...env }
  const client = createWebhookClient()
  const front = await openFront(readFrontSettings(all), { client, log: logOf(all, logger) })
  const options = {
    ...front.options,
    metadataApi: createMetadataApi({ control: engine.control, allowRunSql: true }),
  }
  const sockets = createSockets({
    engine,
    authenticate: headers => identify(options.auth, { headers }),
    log: options.log,
  })
  const server = createListener({ serve: given => serve(engine, options, given), sockets })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const { port } = server.address() as AddressInfo
  t.teardown(async () => {
    sockets.end()
    server.closeAllConnections()
    server.close()
    front.close()
    await client.close()
    await engine.close()
  })
  const ask = async (path: string, body: unknown, headers: Record<string, string> = admin) => {
    const answer = await request(`http://127.0.0.1:${port}${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: typeof body === 'string' ? body : JSON.stringify(body),
    })
    return { status: answer.statusCode, headers: answer.headers, body: await answer.body.text() }
  }
  const until = async (holds: (line: Line) => boolean) => {
    while (!lines.some(holds)) await once(written, 'line')
  }
  return { ask, lines, port, until }
}

const admin = { 'x-hasura-admin-secret': 's3cret' }
const names = { query: 'query names { hello { name } }', operationName: 'names' }

test('a query that went well is one line, with the id that the client gave or is told', async t => {
  const { ask, lines } = await setUp(t)
  const { headers } = await ask('/v1/graphql?token=hush', names, { ...admin, 'x-request-id': 'mine' })
  t.equal(headers['x-request-id'], 'mine')
  t.equal(lines.length, 1, 'query-log has to be asked for')
  t.match(lines[0], {
    level: 'info',
    type: 'http-log',
    detail: {
      request_id: 'mine',
      operation: { request_id: 'mine', request_mode: 'single', user_vars: { 'x-hasura-role': 'admin' } },
      http_info: {
        status: 200,
        url: '/v1/graphql',
        method: 'POST',
        ip: '127.0.0.1',
        http_version: 'HTTP/1.1',
      },
    },
  })
  t.notOk(JSON.stringify(lines).match(/hush|s3cret|hello/), 'neither secrets nor, without debug, the query')
  t.match((await ask('/v1/graphql', names)).headers['x-request-id'], /^[0-9a-f-]{36}$/)
})

test('who debugs sees the query, and in query-log its SQL', async t => {
  const { ask, lines } = await setUp(t, {
    HASURA_GRAPHQL_LOG_LEVEL: 'debug',
    HASURA_GRAPHQL_ENABLED_LOG_TYPES: 'http-log,query-log, unknown-log',
  })
  await ask('/v1/graphql', names)
  const [query, http] = lines
  t.match(query, {
    type: 'query-log',
    detail: { query: names, generated_sql: { hello: { query: /"hello"/ } } },
  })
  t.match(http?.detail.operation, { query: names })
})

test('a request that is refused tells why, and its body as it came', async t => {
  const { ask, lines } = await setUp(t)
  await ask('/v1/graphql', names, {})
  await ask('/v1/graphql', { quer: 'x' })
  await ask('/v1/graphql', '{"query": ')
  const operations = lines.map(({ level, detail }) => ({ level, ...(detail.operation as object) }))
  t.match(operations, [
    { level: 'error', error: { code: 'access-denied' }, raw_query: JSON.stringify(names), user_vars: null },
    { level: 'error', error: { code: 'parse-failed' }, query: { quer: 'x' } },
    { level: 'error', error: { code: 'invalid-json' }, raw_query: '{"query": ' },
  ])
})

test('of commands the type is told alone: they may carry passwords', async t => {
  const { ask, lines } = await setUp(t, { HASURA_GRAPHQL_LOG_LEVEL: 'debug' })
  const sql = { type: 'run_sql', args: { source: 'default', sql: "select 'hush' as one" } }
  t.equal((await ask('/v2/query', sql)).status, 200)
  t.equal((await ask('/v2/query', { type: 'run_sql', args: { sql: 'select hush' } })).status, 400)
  t.equal((await ask('/v1/metadata', { type: 'pg_add_source', args: { url: 'hush' } }, {})).status, 401)
  t.match(
    lines.map(({ detail }) => detail.operation),
    [
      { query: { type: 'run_sql' }, request_mode: 'non-graphql' },
      { query: { type: 'run_sql' }, error: { code: 'postgres-error' } },
      { query: { type: 'pg_add_source' }, error: { code: 'access-denied' } },
    ],
  )
  t.notMatch(
    JSON.stringify(lines.map(({ detail }) => (detail.operation as { query: unknown }).query)),
    /hush/,
  )
})

test('types that are not asked for, and levels below the one that is, are not written', async t => {
  const none = await setUp(t, { HASURA_GRAPHQL_ENABLED_LOG_TYPES: 'startup' })
  await none.ask('/v1/graphql', names)
  const loud = await setUp(t, { HASURA_GRAPHQL_LOG_LEVEL: 'error' })
  await loud.ask('/v1/graphql', names)
  t.same([none.lines, loud.lines], [[], []])
  await loud.ask('/v1/graphql', names, {})
  t.equal(loud.lines.length, 1)
})

test('a WebSocket tells when it is taken, what it asks and when it goes', async t => {
  const { lines, port, until } = await setUp(t)
  const socket = new WebSocket(`ws://127.0.0.1:${port}/v1/graphql`, 'graphql-transport-ws')
  await once(socket, 'open')
  const say = (message: object) => socket.send(JSON.stringify(message))
  say({ type: 'connection_init', payload: { headers: admin } })
  await once(socket, 'message')
  say({ type: 'subscribe', id: 'a', payload: names })
  await until(({ detail }) => JSON.stringify(detail).includes('"completed"'))
  socket.close()
  await until(({ detail }) => JSON.stringify(detail).includes('"closed"'))
  const events = lines.map(({ type, detail }) => ({ type, ...(detail.event as object) }))
  t.match(events, [
    { type: 'accepted' },
    { type: 'operation', detail: { operation_id: 'a', operation_name: 'names', query: names } },
    { type: 'operation', detail: { operation_type: { type: 'completed' } } },
    { type: 'closed' },
  ])
  t.notMatch(JSON.stringify(lines), /s3cret/)
})
