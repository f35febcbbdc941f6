/** One request through the router: what a service sees, what a client gets back, what the log says. */
import { setTimeout as wait } from 'node:timers/promises'
import fastify from 'fastify'
import t from 'tap'
import { createRouter } from './router.ts'
import {
  bodyOf,
  createTestLog,
  rawRequest,
  type Seen,
  sendRaw,
  simpleRoute,
  startEcho,
  startTestRouter,
  writeRouteFiles,
} from './test-router.ts'

t.test(
  'an app of this process is called without a hop; another URL is proxied; both see the same',
  async t => {
    const app = fastify()
    app.all('/*', async request => ({
      method: request.method,
      url: request.url,
      headers: request.headers,
      raw: request.raw.rawHeaders,
      body: request.body,
    }))
    await app.ready()
    t.teardown(() => app.close())
    const { url: back } = await startEcho(t)
    const ask = async (port: number) =>
      JSON.parse(
        bodyOf(
          await sendRaw(
            port,
            `${rawRequest('/v1/%7Ex//y?a=1;b=2', ['Content-Type: text/plain', 'Content-Length: 5', 'X-Two: 1', 'X-Two: 2', 'Connection: X-Drop', 'X-Drop: 1', 'Keep-Alive: 5'], 'PUT')}hello`,
          ),
        ),
      ) as Seen
    const mounted = await ask(
      (
        await startTestRouter(t, {
          dynamic: simpleRoute('http://app:3001'),
          mounts: { 'http://app:3001/': app },
        })
      ).port,
    )
    const proxied = await ask((await startTestRouter(t, { dynamic: simpleRoute(back) })).port)
    for (const seen of [mounted, proxied]) {
      t.equal(seen.method, 'PUT')
      t.equal(seen.url, '/v1/~x/y?a=1&b=2')
      t.equal(seen.body, 'hello')
      t.match(seen.headers, {
        host: 'test',
        'x-two': '1, 2',
        'x-forwarded-for': '127.0.0.1',
        'x-forwarded-host': 'test',
        'x-forwarded-port': '80',
        'x-forwarded-proto': 'http',
        'x-real-ip': '127.0.0.1',
        'x-request-id': /^[0-9a-f-]{36}$/,
      })
      t.equal(seen.headers['x-drop'], undefined)
      t.equal(seen.headers['keep-alive'], undefined)
      t.match(seen.raw.join('\n'), 'X-Two\n1\nX-Two\n2')
    }
  },
)

t.test('every answer carries the request id: the client’s when it can be logged, else a new one', async t => {
  const { url: back } = await startEcho(t)
  const { url, port } = await startTestRouter(t, { dynamic: simpleRoute(back) })
  const idOf = async (id: string) =>
    (await fetch(url, { headers: { 'x-request-id': id } })).headers.get('x-request-id')
  t.equal(await idOf('abc-123'), 'abc-123')
  t.match(await idOf('no spaces'), /^[0-9a-f-]{36}$/)
  t.match(await idOf('x'.repeat(200)), /^[0-9a-f-]{36}$/)
  t.match(await sendRaw(port, rawRequest('/%zz')), /x-request-id: [0-9a-f-]{36}/i, 'a refusal too')
})

t.test('one log line per request, with the platform’s fields and Traefik’s, and never the query', async t => {
  const { url: back } = await startEcho(t)
  const { url, lines, router } = await startTestRouter(t, { dynamic: simpleRoute(back) })
  const traceparent = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01'
  await (await fetch(`${url}/x?secret=1`, { headers: { traceparent, 'x-request-id': 'r1' } })).text()
  while (lines.length === 0) await wait(1)
  const [line] = lines
  t.equal(line?.message, 'request')
  t.match(line?.fields, {
    method: 'GET',
    path: '/x',
    status: 200,
    duration_ms: Number,
    request_id: 'r1',
    trace_id: '4bf92f3577b34da6a3ce929d0e0e4736',
    RouterName: 'all@file',
    ServiceName: 'back@file',
    ServiceURL: back,
    entryPointName: 'web',
  })
  t.notMatch(JSON.stringify(line), /secret/)
  const text = router.metricsText()
  t.match(
    text,
    /traefik_entrypoint_requests_total\{code="200",method="GET",protocol="http",entrypoint="web"\} 1\n/,
  )
  t.match(text, /traefik_router_requests_total\{.*router="all@file",service="back@file"\} 1\n/)
  t.match(text, /traefik_service_request_duration_seconds_bucket\{.*service="back@file",le="\+Inf"\} 1\n/)
  t.match(text, new RegExp(`traefik_service_server_up\\{service="back@file",url="${back}"\\} 1`))
  t.match(text, /traefik_config_reloads_total 1\n/)
})

t.test('parents decide who may pass, children where to', async t => {
  const { url: back } = await startEcho(t)
  const { url } = await startTestRouter(t, {
    dynamic: `
http:
  routers:
    api: { rule: PathPrefix(\`/v1/\`), middlewares: [mark] }
    write: { rule: Method(\`POST\`), parentRefs: [api], middlewares: [writing], service: back }
    read: { rule: Method(\`GET\`), parentRefs: [api], service: back }
  middlewares:
    mark: { headers: { customRequestHeaders: { X-Api: '1' } } }
    writing: { headers: { customRequestHeaders: { X-Write: '1' } } }
  services:
    back: { loadBalancer: { servers: [{ url: '${back}' }] } }
`,
  })
  const ask = async (method: string) => {
    const answer = await fetch(`${url}/v1/x`, { method })
    return answer.status === 200 ? ((await answer.json()) as Seen).headers : answer.status
  }
  t.match(await ask('GET'), { 'x-api': '1' })
  t.match(await ask('POST'), { 'x-api': '1', 'x-write': '1' })
  t.equal(await ask('PUT'), 404)
  t.equal((await fetch(`${url}/v2/x`)).status, 404)
})

t.test('environment variables in route files are those that were given', async t => {
  const { url: back } = await startEcho(t)
  const { url } = await startTestRouter(t, {
    dynamic: simpleRoute('{{ env "BACK_URL" | default "http://127.0.0.1:1" }}'),
    env: { BACK_URL: back },
  })
  t.equal((await fetch(url)).status, 200)
})

t.test('a broken file or a taken port keeps the router from starting, with a sentence', async t => {
  const broken = writeRouteFiles(t, {
    dynamic: 'http:\n  routers:\n    a: { rule: Path(`/`), service: none }\n',
  })
  t.throws(() => createRouter({ staticFile: broken.staticFile, log: createTestLog().log }), {
    name: 'ConfigurationError',
    message: /routes\.yml:3: http\.routers\.a\.service: there is no service "none"/,
  })
  const { port } = await startTestRouter(t, { dynamic: simpleRoute('http://127.0.0.1:1') })
  const { staticFile } = writeRouteFiles(t, { dynamic: simpleRoute('http://127.0.0.1:1') })
  const second = createRouter({
    staticFile,
    log: createTestLog().log,
    overrides: { entryPoints: { web: { port, host: '127.0.0.1' } } },
  })
  await t.rejects(second.listen(), { code: 'EADDRINUSE' })
})

t.test('pipelined requests are answered in order, each by its own route', async t => {
  const { url } = await startEcho(t)
  const { port } = await startTestRouter(t, {
    dynamic: `
http:
  routers:
    open: { rule: PathPrefix(\`/open/\`), service: back }
    closed: { rule: PathPrefix(\`/closed/\`), middlewares: [nobody], service: back }
  middlewares: { nobody: { ipAllowList: { sourceRange: [192.0.2.1], rejectStatusCode: 401 } } }
  services: { back: { loadBalancer: { servers: [{ url: '${url}' }] } } }
`,
  })
  const answer = await sendRaw(
    port,
    `GET /open/1 HTTP/1.1\r\nHost: test\r\n\r\nGET /closed/2 HTTP/1.1\r\nHost: test\r\n\r\n${rawRequest('/open/3')}`,
  )
  t.same(
    [...answer.matchAll(/HTTP\/1\.1 (\d{3})/g)].map(match => match[1]),
    ['200', '401', '200'],
  )
  t.same(
    [...answer.matchAll(/"url":"([^"]+)"/g)].map(match => match[1]),
    ['/open/1', '/open/3'],
  )
})
