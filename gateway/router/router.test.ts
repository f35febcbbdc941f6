import { createHash, randomBytes } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { request as httpRequest } from 'node:http'
import { connect } from 'node:net'
import { Readable } from 'node:stream'
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
  startServer,
  startTestRouter,
  statusOf,
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

t.test('server-sent events come through as they are sent, and compression does not hold them', async t => {
  const { url: back } = await startServer(t, async (_request, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    for (const event of ['one', 'two', 'three']) {
      response.write(`data: ${event}\n\n`)
      await new Promise<void>(resolve => {
        next = resolve
      })
    }
    response.end()
  })
  let next = () => {}
  for (const middleware of [
    'squeeze: { compress: { excludedContentTypes: [text/event-stream] } }',
    'squeeze: { compress: {} }',
  ]) {
    const { url } = await startTestRouter(t, { dynamic: simpleRoute(back, middleware, ['squeeze']) })
    const answer = await fetch(url, { headers: { 'accept-encoding': 'gzip' } })
    const reader = answer.body?.getReader()
    for (const event of ['one', 'two', 'three']) {
      let text = ''
      while (!text.includes(event)) text += new TextDecoder().decode((await reader?.read())?.value)
      t.match(text, `data: ${event}`)
      next()
    }
    t.equal((await reader?.read())?.done, true)
  }
})

t.test('a client that goes away ends the request upstream', async t => {
  let closed = () => {}
  const upstreamClosed = new Promise<void>(resolve => {
    closed = resolve
  })
  const { url: back } = await startServer(t, (_request, response) => {
    response.on('close', closed)
    response.writeHead(200)
    response.write('first')
  })
  const { url } = await startTestRouter(t, { dynamic: simpleRoute(back) })
  const aborting = new AbortController()
  const answer = await fetch(url, { signal: aborting.signal })
  t.equal(answer.status, 200)
  aborting.abort()
  await upstreamClosed
  t.pass('upstream saw it')
})

t.test('a service that breaks off midway is seen as broken, not as complete', async t => {
  const { url: back } = await startServer(t, (_request, response) => {
    response.writeHead(200, { 'content-length': 100 })
    response.write('half', () => response.destroy())
  })
  const { url } = await startTestRouter(t, { dynamic: simpleRoute(back) })
  const answer = await fetch(url)
  await t.rejects(answer.text())
})

t.test('a large body comes through whole, both ways at once', async t => {
  const size = 64 * 2 ** 20
  const { url: back } = await startServer(t, (request, response) => {
    response.writeHead(200, { 'content-length': String(request.headers['content-length']) })
    request.pipe(response)
  })
  const { port } = await startTestRouter(t, { dynamic: simpleRoute(back) })
  const piece = randomBytes(65_536)
  const sent = createHash('sha256')
  const received = createHash('sha256')
  const body = Readable.from(
    (function* pieces() {
      for (let count = 0; count < size; count += piece.length) {
        sent.update(piece)
        yield piece
      }
    })(),
  )
  await new Promise<void>((resolve, reject) => {
    const options = { port, host: '127.0.0.1', method: 'POST', headers: { 'content-length': size } }
    const request = httpRequest(options, answer => {
      answer.on('data', chunk => received.update(chunk)).on('end', resolve)
    })
    request.on('error', reject)
    body.pipe(request)
  })
  t.equal(received.digest('hex'), sent.digest('hex'))
})

// Kernel buffers of two connections and node's own; without back-pressure it would be everything.
const stalledBytes = 24 * 2 ** 20

t.test('a client that does not read stops the service from sending', async t => {
  let sent = 0
  const { url: back } = await startServer(t, (_request, response) => {
    const piece = Buffer.alloc(65_536)
    const more = () => {
      while (sent < 2 ** 30) {
        sent += piece.length
        if (!response.write(piece)) return
      }
    }
    response.on('drain', more)
    more()
  })
  const { port } = await startTestRouter(t, { dynamic: simpleRoute(back) })
  const socket = connect(port, '127.0.0.1')
  t.teardown(() => socket.destroy())
  socket.pause()
  socket.write('GET / HTTP/1.1\r\nHost: test\r\n\r\n')
  const stalled = await settled(() => sent)
  t.ok(stalled > 0 && stalled < stalledBytes, `${stalled} bytes`)
  socket.resume()
  while (sent < stalled + 2 ** 20) await new Promise(resolve => socket.once('data', resolve))
  t.pass('and goes on when it reads again')
})

t.test('a service that does not read stops the client from sending', async t => {
  let release = () => {}
  const { url: back } = await startServer(t, (request, response) => {
    release = () => void response.destroy()
    request.pause()
  })
  const { port } = await startTestRouter(t, { dynamic: simpleRoute(back) })
  const socket = connect(port, '127.0.0.1')
  t.teardown(() => socket.destroy())
  socket.on('error', () => {})
  socket.write(`POST / HTTP/1.1\r\nHost: test\r\nContent-Length: ${2 ** 30}\r\n\r\n`)
  let sent = 0
  const piece = Buffer.alloc(65_536)
  const more = () => {
    do sent += piece.length
    while (socket.write(piece) && sent < 2 ** 30)
  }
  socket.on('drain', more)
  more()
  const stalled = await settled(() => sent)
  t.ok(stalled > 0 && stalled < stalledBytes, `${stalled} bytes`)
  // Nobody reads the client's connection now, so that only the service's end can end this.
  const closed = new Promise(resolve => socket.once('close', resolve))
  release()
  await closed
  t.pass('a service that breaks off ends the upload')
})

/** The value of `read` once it has not changed for 300 ms. */
async function settled(read: () => number): Promise<number> {
  for (let last = -1; ; ) {
    if (read() === last) return last
    last = read()
    await wait(300)
  }
}

t.test('100-continue: the client is only asked for its body when somebody will read it', async t => {
  const { url: back } = await startEcho(t)
  const { port } = await startTestRouter(t, {
    dynamic: simpleRoute(back, 'bound: { buffering: { maxRequestBodyBytes: 10 } }', ['bound']),
  })
  const ask = (size: number) =>
    sendRaw(port, rawRequest('/', [`Content-Length: ${size}`, 'Expect: 100-continue'], 'POST'), 300)
  t.match(await ask(5), /^HTTP\/1\.1 100 Continue\r\n/)
  t.match(await ask(11), /^HTTP\/1\.1 413 /)
})

t.test('a WebSocket handshake passes, with middlewares and bytes both ways', async t => {
  const { url: back, server } = await startServer(t, (_request, response) => void response.end('plain'))
  server.on('upgrade', (request, socket) => {
    socket.write(
      `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nX-Path: ${request.url}\r\nX-Sub: ${request.headers['x-sub']}\r\n\r\n`,
    )
    socket.pipe(socket)
  })
  const { port } = await startTestRouter(t, {
    dynamic: simpleRoute(
      back,
      "add: { headers: { customRequestHeaders: { X-Sub: me } } }\nonly: { ipAllowList: { sourceRange: ['127.0.0.0/8'] } }",
      ['add', 'only'],
    ),
  })
  const socket = connect(port, '127.0.0.1')
  t.teardown(() => socket.destroy())
  let received = ''
  socket.setEncoding('utf8')
  const until = async (text: string) => {
    while (!received.includes(text)) await new Promise(resolve => socket.once('data', resolve))
  }
  socket.on('data', chunk => {
    received += chunk
  })
  socket.write(
    'GET /chat HTTP/1.1\r\nHost: test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: x\r\n\r\nearly',
  )
  await until('early')
  t.match(received, /^HTTP\/1\.1 101 /)
  t.match(received, 'X-Path: /chat')
  t.match(received, 'X-Sub: me')
  socket.write('late')
  await until('late')
  const refused = await startTestRouter(t, {
    dynamic: simpleRoute(back, "only: { ipAllowList: { sourceRange: ['10.0.0.0/8'] } }", ['only']),
  })
  const handshake = 'GET /chat HTTP/1.1\r\nHost: test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n'
  t.equal(statusOf(await sendRaw(refused.port, handshake)), 403)
})

t.test('an upgrade to anything else is an ordinary request', async t => {
  const { url: back } = await startEcho(t)
  const { port } = await startTestRouter(t, { dynamic: simpleRoute(back) })
  const answer = await sendRaw(
    port,
    'GET / HTTP/1.1\r\nHost: test\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA\r\n\r\n',
    300,
  )
  t.equal(statusOf(answer), 200)
  const { headers } = JSON.parse(bodyOf(answer)) as Seen
  t.equal(headers.upgrade, undefined)
  t.equal(headers['http2-settings'], undefined)
})

t.test(
  'changed files take effect without a restart; broken ones leave the last good ones in force and say so',
  async t => {
    const { url: a } = await startServer(t, (_request, response) => void response.end('a'))
    const { url: b } = await startServer(t, (_request, response) => void response.end('b'))
    const { url, dynamicFile, lines, router } = await startTestRouter(t, { dynamic: simpleRoute(a) })
    const ask = async () => (await fetch(url)).text()
    const said = async (pattern: RegExp) => {
      for (let waited = 0; waited < 5000; waited += 5) {
        if (lines.some(line => pattern.test(line.message ?? ''))) return
        await wait(5)
      }
      t.fail(`nothing said ${pattern}`)
    }
    t.equal(await ask(), 'a')
    writeFileSync(dynamicFile, simpleRoute(b))
    await said(/reloaded/)
    t.equal(await ask(), 'b')
    writeFileSync(dynamicFile, simpleRoute(b).replace('rule:', 'rules:'))
    await said(/broken: the last good ones/)
    t.match(lines.find(line => line.level === 'error')?.fields.faults, [
      { line: 3, key: 'http.routers.all.rule', message: 'is missing' },
      { line: 4, key: 'http.routers.all.rules', message: 'this router does not know this key' },
    ])
    t.equal(await ask(), 'b')
    t.match(router.metricsText(), /traefik_config_reloads_total 3/)
  },
)

t.test('requests under way when files change or the router closes are finished', async t => {
  let release = () => {}
  let arrived = () => {}
  const { url: back } = await startServer(t, (_request, response) => {
    release = () => response.end('done')
    arrived()
  })
  const started = () =>
    new Promise<void>(resolve => {
      arrived = resolve
    })
  const { url, router } = await startTestRouter(t, { dynamic: simpleRoute(back) })
  let reached = started()
  const first = fetch(url)
  await reached
  t.equal(router.reload(), true)
  release()
  t.equal(await (await first).text(), 'done')
  reached = started()
  const second = fetch(url)
  await reached
  const closing = router.close()
  release()
  t.equal(await (await second).text(), 'done')
  await closing
  await t.rejects(fetch(url), 'and nothing more is taken')
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
