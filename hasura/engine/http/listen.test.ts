import { once } from 'node:events'
import { request as httpRequest } from 'node:http'
import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import { gunzipSync } from 'node:zlib'
import { createTestDatabase } from '@glimmr/dev/testing'
import { type Test, test } from 'tap'
import { createEngine } from '../engine.ts'
import { listening } from '../webhook/test-webhook.ts'
import { createListener, takesGzip } from './listen.ts'
import { type HttpRequest, serve } from './serve.ts'

const long = JSON.stringify({ data: 'x'.repeat(10_000) })

async function serving(t: Test, maxBodyBytes = 1_000_000) {
  const asked: HttpRequest[] = []
  const server = createListener({
    maxBodyBytes,
    async serve(request) {
      asked.push(request)
      return { status: 200, body: request.url === '/long' ? long : '{}' }
    },
  })
  return { port: await listening(t, server), asked }
}

/** Sends all of a body of so many bytes before it listens, with or without telling its length first. */
async function posted(port: number, bytes: number, told: boolean) {
  const socket = connect(port, '127.0.0.1')
  const length = told ? `content-length: ${bytes}` : 'transfer-encoding: chunked'
  socket.write(`POST /v1/graphql HTTP/1.1\r\nhost: x\r\nconnection: close\r\n${length}\r\n\r\n`)
  const piece = Buffer.alloc(50_000, ' ')
  for (let sent = 0; sent < bytes; sent += piece.length) {
    const now = piece.subarray(0, Math.min(piece.length, bytes - sent))
    if (!told) socket.write(`${now.length.toString(16)}\r\n`)
    if (!socket.write(now)) await once(socket, 'drain')
    if (!told) socket.write('\r\n')
  }
  if (!told) socket.write('0\r\n\r\n')
  const [head = '', body = ''] = (await text(socket)).split('\r\n\r\n')
  return { status: Number(head.split(' ')[1]), body: JSON.parse(body) }
}

test('a body that is too long is told so, also to a client that first sends all of it', async t => {
  const { port, asked } = await serving(t)
  for (const told of [true, false])
    t.match(await posted(port, 8_000_000, told), { status: 413, body: { code: 'request-too-large' } })
  t.match(await posted(port, 900_000, false), { status: 200 })
  t.equal(asked.length, 1)
})

test('a client that goes away in the middle of its body is nobody to answer, and the next one is served', async t => {
  const { port, asked } = await serving(t)
  const socket = connect(port, '127.0.0.1')
  await once(socket, 'connect')
  socket.write('POST /v1/graphql HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\n{"query"')
  socket.destroy()
  t.match(await posted(port, 10, true), { status: 200 })
  t.equal(asked.length, 1)
})

test('what a client that went away had asked for is cancelled in Postgres', async t => {
  const { pool } = await createTestDatabase(t)
  await pool.query(`create table note (id int); insert into note values (1);
    create function slow() returns setof note stable language sql as 'select * from note where pg_sleep(60) is not null'`)
  const metadata = {
    sources: [{ name: 'default', tables: [{ table: 'note' }], functions: [{ function: 'slow' }] }],
  }
  const engine = await createEngine({ metadata, pools: { default: pool } })
  t.teardown(() => engine.close())
  const port = await listening(t, createListener({ serve: request => serve(engine, { auth: {} }, request) }))
  const active = async (least: number, most: number) => {
    for (;;) {
      const { rows } = await pool.query(
        "select count(*)::int as n from pg_stat_activity where datname = current_database() and state = 'active' and query like '%slow%' and pid <> pg_backend_pid()",
      )
      if (rows[0].n >= least && rows[0].n <= most) return
    }
  }
  const request = httpRequest({ port, method: 'POST', path: '/v1/graphql' })
  request.on('error', () => undefined)
  request.end(JSON.stringify({ query: '{ slow { id } }' }))
  await active(1, 1)
  const began = performance.now()
  request.destroy()
  await active(0, 0)
  t.ok(performance.now() - began < 30_000, 'long before it would have ended by itself')
})

test('answers are zipped for who takes them so, and only where it is worth it', async t => {
  const { port } = await serving(t)
  const get = async (path: string, accepted: string) => {
    const request = httpRequest({ port, path, headers: { 'accept-encoding': accepted } }).end()
    const [response] = await once(request, 'response')
    const chunks: Buffer[] = []
    for await (const chunk of response) chunks.push(chunk)
    return { encoding: response.headers['content-encoding'], body: Buffer.concat(chunks) }
  }
  const zipped = await get('/long', 'br, gzip')
  t.equal(zipped.encoding, 'gzip')
  t.equal(gunzipSync(zipped.body).toString(), long)
  t.match(await get('/long', 'gzip;q=0'), { encoding: undefined })
  t.match(await get('/short', 'gzip'), { encoding: undefined })
  for (const [accepted, takes] of [
    [undefined, false],
    ['gzip', true],
    ['GZIP;q=0.1', true],
    ['deflate, *', true],
    ['gzip;q=0.0, *', false],
    ['xgzip', false],
  ] as const)
    t.equal(takesGzip(accepted), takes, String(accepted))
})
