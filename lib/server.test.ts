import { once } from 'node:events'
import { createTestTokens } from '@glimmr/dev/test-tokens'
import { pino } from 'pino'
import t from 'tap'
import { z } from 'zod'
import { identityOf } from './auth.ts'
import { problem } from './errors.ts'
import { closeGently } from './run-service.ts'
import { createServer } from './server.ts'

const organisation = '5f0c0000-0000-4000-8000-000000000001'

async function build(t: { teardown(handler: () => unknown): void }, lines: string[] = []) {
  const tokens = createTestTokens()
  const log = pino(
    { formatters: { level: label => ({ level: label }) } },
    { write: line => void lines.push(line) },
  )
  let away = false
  const ready = async () => {
    if (away) throw new Error('database at 10.0.0.7 is away')
  }
  const { app } = await createServer({ name: 'core', description: 'a test', log, jwks: tokens.jwks, ready })
  const schema = {
    querystring: z.object({ limit: z.coerce.number().int().max(10).optional() }),
    response: { 200: z.object({ org: z.string() }) },
  }
  app.get('/v1/core/me', { schema }, async request => ({ org: identityOf(request).organisation }))
  app.get('/v1/core/write', { config: { scope: 'media:write' } }, async () => ({}))
  app.post('/v1/core/fail', async () => {
    throw new Error('secret detail')
  })
  app.get('/v1/core/taken', async () => {
    throw problem(409, 'It is taken', { errors: [{ path: '/name', message: 'is taken' }] })
  })
  t.teardown(() => app.close())
  return { app, tokens, setAway: (value: boolean) => (away = value) }
}

t.test('a route is closed unless it says otherwise', async t => {
  const { app, tokens } = await build(t)
  const get = (url: string, headers = {}) => app.inject({ url, headers })
  t.equal((await get('/v1/core/me')).statusCode, 401)
  const claims = { organisation }
  const answer = await get('/v1/core/me', tokens.header(claims))
  t.same([answer.statusCode, answer.json()], [200, { org: organisation }])
  t.match((await get('/v1/core/me', tokens.header({ ...claims, expiresIn: -5 }))).json(), {
    status: 401,
    detail: /expired/,
  })
  for (const wrong of [{ aud: 'other' }, { iss: 'other' }, { org: undefined }])
    t.equal(
      (await get('/v1/core/me', tokens.header({ ...claims, claims: wrong }))).statusCode,
      401,
      JSON.stringify(wrong),
    )
  const refused = await get('/v1/core/write', tokens.header(claims))
  t.match(refused.json(), { status: 403, detail: 'This needs the scope media:write; the key has core:read' })
  t.equal(
    (await get('/v1/core/write', tokens.header({ ...claims, scopes: ['media:write'] }))).statusCode,
    200,
  )
})

t.test('tokens with another algorithm, another key or none are refused', async t => {
  const { app, tokens } = await build(t)
  const other = createTestTokens().token({ organisation })
  const [, payload, signature] = tokens.token({ organisation }).split('.')
  const none = `${Buffer.from('{"alg":"none","kid":"test"}').toString('base64url')}.${payload}.`
  const hs = `${Buffer.from('{"alg":"HS256","kid":"test"}').toString('base64url')}.${payload}.${signature}`
  for (const token of [other, none, hs, 'x', 'a.b.c', ''])
    t.equal(
      (await app.inject({ url: '/v1/core/me', headers: { authorization: `Bearer ${token}` } })).statusCode,
      401,
      token.slice(0, 30),
    )
})

t.test('every error is a problem with the request id, and a 5xx tells nothing', async t => {
  const lines: string[] = []
  const { app, tokens } = await build(t, lines)
  const headers = {
    ...tokens.header({ organisation }),
    'x-request-id': 'req-1',
    traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
  }
  const failed = await app.inject({ method: 'POST', url: '/v1/core/fail', headers })
  t.equal(failed.headers['content-type'], 'application/problem+json')
  t.equal(failed.headers['x-request-id'], 'req-1')
  t.match(failed.json(), {
    status: 500,
    title: 'Internal Server Error',
    request_id: 'req-1',
    trace_id: '0af7651916cd43dd8448eb211c80319c',
  })
  t.notMatch(failed.body, /secret detail/)
  t.match(lines.join(''), /secret detail/, 'the log has it')
  const taken = await app.inject({ url: '/v1/core/taken', headers })
  t.match(taken.json(), {
    status: 409,
    detail: 'It is taken',
    instance: '/v1/core/taken',
    errors: [{ path: '/name' }],
  })
  t.match((await app.inject({ url: '/v1/core/me?limit=11', headers })).json(), {
    status: 400,
    errors: [{ path: 'limit' }],
  })
  t.match((await app.inject({ url: '/v1/core/nothing', headers })).json(), {
    status: 404,
    title: 'Not Found',
  })
  t.match(
    (
      await app.inject({
        method: 'POST',
        url: '/v1/core/fail',
        headers: { ...headers, 'content-type': 'application/json' },
        payload: '{',
      })
    ).json(),
    { status: 400 },
  )
})

t.test('each answer is one log line, without the query', async t => {
  const lines: string[] = []
  const { app, tokens } = await build(t, lines)
  await app.inject({
    url: '/v1/core/me?limit=1',
    headers: { ...tokens.header({ organisation }), 'x-request-id': 'bad id\n' },
  })
  const line = JSON.parse(lines.at(-1) ?? '')
  t.match(line, {
    level: 'info',
    msg: 'request',
    method: 'GET',
    path: '/v1/core/me',
    status: 200,
    duration_ms: Number,
    request_id: /^[0-9a-f-]{36}$/,
  })
  const before = lines.length
  await app.inject('/health')
  t.equal(lines.length, before, 'a health check is not worth a line')
})

t.test('health says whether the service can work, and not why not', async t => {
  const { app, setAway } = await build(t)
  for (const url of ['/health', '/readyz', '/livez', '/v1/core/health'])
    t.equal((await app.inject(url)).statusCode, 200, url)
  setAway(true)
  const answer = await app.inject('/v1/core/health')
  t.same([answer.statusCode, answer.json()], [503, { status: 'unavailable', service: 'core' }])
  t.equal((await app.inject('/livez')).statusCode, 200)
})

t.test('a service that is about to end says so, and works on for as long as it was told to', async t => {
  const { app, tokens } = await build(t)
  const headers = tokens.header({ organisation })
  let closed = false
  app.addHook('onClose', async () => {
    closed = true
  })
  const closing = closeGently(app, 2_000)
  t.equal((await app.inject('/readyz')).statusCode, 503)
  t.equal((await app.inject('/livez')).statusCode, 200)
  t.equal((await app.inject({ url: '/v1/core/me', headers })).statusCode, 200)
  t.notOk(closed)
  await closing
  t.ok(closed)
})

t.test('metrics count by route pattern, OpenAPI is 3.1 from the schemas', async t => {
  const { app, tokens } = await build(t)
  await app.inject({ url: '/v1/core/me', headers: tokens.header({ organisation }) })
  const metrics = (await app.inject('/metrics')).body
  t.match(
    metrics,
    /http_request_duration_seconds_count\{service="core",method="GET",route="\/v1\/core\/me",status="200"\} 1/,
  )
  const document = (await app.inject('/v1/core/openapi.json')).json()
  t.match(document, {
    openapi: '3.1.0',
    paths: { '/v1/core/me': { get: { parameters: [{ name: 'limit', in: 'query' }] } } },
  })
  t.notOk(document.paths['/metrics'])
})

t.test('a wrong method at a known path is 405 and says which it takes; an unknown path is 404', async t => {
  const { app } = await build(t)
  app.get('/v1/core/files/:id', async () => ({}))
  app.delete('/v1/core/files/:id', async () => ({}))
  const wrong = await app.inject({ method: 'POST', url: '/v1/core/files/7?x=1' })
  t.match(wrong.json(), { status: 405, detail: '/v1/core/files/7 takes DELETE, GET, HEAD, not POST' })
  t.match(wrong.headers, { allow: 'DELETE, GET, HEAD', 'content-type': /^application\/problem\+json/ })
  for (const url of ['/v1/core/files/7/8', '/v1/core/file', '/v1xcore/me'])
    t.match((await app.inject({ method: 'POST', url })).json(), { status: 404 }, url)
})

t.test('what the framework refuses is a problem too, and says what to do', async t => {
  const { app, tokens } = await build(t)
  app.get('/v1/core/files/:id', { config: { public: true } }, async () => ({}))
  const long = await app.inject(`/v1/core/files/${'9'.repeat(201)}`)
  t.match(long.json(), { status: 414, detail: /longer/, instance: String, request_id: String })
  t.match((await app.inject('/v1/core/files/%zz')).json(), { status: 400, request_id: String })
  for (const type of ['text/plain', 'application/x-www-form-urlencoded']) {
    const headers = { ...tokens.header({ organisation }), 'content-type': type }
    const answer = await app.inject({ method: 'POST', url: '/v1/core/fail', headers, payload: '{}' })
    t.match(answer.json(), { status: 415, detail: new RegExp(`not ${type}: send JSON`) })
  }
})

t.test(
  'what the database gives up or cannot answer is a 503 that says what to do, without its words',
  async t => {
    const { app, tokens } = await build(t)
    const failing = (code: string) => Object.assign(new Error('secret detail'), { code })
    app.get('/v1/core/slow', () => Promise.reject(failing('57014')))
    app.get('/v1/core/away', () => Promise.reject(failing('57P01')))
    for (const [url, detail] of [
      ['/v1/core/slow', /takes the database too long: ask for less/],
      ['/v1/core/away', /does not answer/],
    ] as const) {
      const answer = await app.inject({ url, headers: tokens.header({ organisation }) })
      t.match(answer.json(), { status: 503, detail })
      t.notMatch(answer.body, /secret/)
    }
  },
)

t.test('a client that has gone is no fault of ours in the log', async t => {
  const lines: string[] = []
  const { app, tokens } = await build(t, lines)
  const waiting = Promise.withResolvers<void>()
  const answered = Promise.withResolvers<void>()
  app.get('/v1/core/slow', async (_request, reply) => {
    waiting.resolve()
    await once(reply.raw, 'close')
    throw new Error('given up')
  })
  app.addHook('onError', async () => answered.resolve())
  const url = await app.listen({ port: 0, host: '127.0.0.1' })
  const gone = new AbortController()
  const headers = tokens.header({ organisation })
  const asked = fetch(`${url}/v1/core/slow`, { headers, signal: gone.signal })
  await waiting.promise
  gone.abort()
  await t.rejects(asked)
  await answered.promise
  await app.close()
  t.notMatch(lines.join(''), /request failed/)
})

t.test('an unknown parameter is named', async t => {
  const { app, tokens } = await build(t)
  app.get(
    '/v1/core/strict',
    { config: { public: true }, schema: { querystring: z.strictObject({}) } },
    async () => ({}),
  )
  const answer = await app.inject({
    url: '/v1/core/strict?bogus=1',
    headers: tokens.header({ organisation }),
  })
  t.match(answer.json(), {
    status: 400,
    detail: 'The query is not valid: bogus is not known here',
    errors: [{ path: 'bogus', message: 'is not known here' }],
  })
})
