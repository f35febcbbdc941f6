/** Connections that become something else. */
import { once } from 'node:events'
import { createServer } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import { type AddressInfo, connect } from 'node:net'
import t from 'tap'
import {
  bodyOf,
  type Seen,
  sendRaw,
  simpleRoute,
  startEcho,
  startServer,
  startTestRouter,
  statusOf,
} from './test-router.ts'
import { selfSigned } from './tls/self-signed.ts'
import { startRaw } from './upstream/test-answers.ts'

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

t.test('a server that upgrades to something else, or to nothing, is not joined with the client', async t => {
  const asked = 'GET / HTTP/1.1\r\nHost: test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n'
  for (const lines of [
    'Upgrade: other\r\nConnection: Upgrade',
    'Connection: Upgrade',
    'Upgrade: websocket',
  ]) {
    const back = await startRaw(t, socket => {
      socket.write(`HTTP/1.1 101 Switching Protocols\r\n${lines}\r\n\r\nframe`)
    })
    const { port } = await startTestRouter(t, { dynamic: simpleRoute(`http://127.0.0.1:${back}`) })
    const answer = await sendRaw(port, asked, 300)
    t.equal(statusOf(answer), 500, lines)
    t.notMatch(answer, 'frame')
  }
})

t.test(
  'a handshake that is answered with no status of HTTP is answered with a fault, and nothing else ends',
  async t => {
    const asked = 'GET / HTTP/1.1\r\nHost: test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n'
    for (const status of ['099', '000']) {
      const back = await startRaw(t, socket => {
        socket.write(`HTTP/1.1 ${status} Odd\r\nContent-Length: 2\r\n\r\nok`)
      })
      const { port } = await startTestRouter(t, { dynamic: simpleRoute(`http://127.0.0.1:${back}`) })
      t.equal(statusOf(await sendRaw(port, asked, 300)), 500, status)
    }
  },
)

t.test('a handshake that says it has a body loses no frame by it', async t => {
  const lines = 'Upgrade: websocket\r\nConnection: Upgrade\r\nContent-Length: 3'
  const back = await startRaw(t, socket => {
    socket.write(`HTTP/1.1 101 Switching Protocols\r\n${lines}\r\n\r\nframe`)
  })
  const { port } = await startTestRouter(t, { dynamic: simpleRoute(`http://127.0.0.1:${back}`) })
  const asked = 'GET / HTTP/1.1\r\nHost: test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n'
  const answer = await sendRaw(port, asked, 300)
  t.notMatch(answer, /content-length/i)
  t.match(answer, /\r\n\r\nframe$/)
})

t.test('a refused handshake whose answer breaks off breaks off for the client, too', async t => {
  const back = await startRaw(t, socket => {
    socket.end('HTTP/1.1 401 Unauthorized\r\nContent-Length: 9\r\nProxy-Authenticate: x\r\n\r\nshort')
  })
  const { port } = await startTestRouter(t, { dynamic: simpleRoute(`http://127.0.0.1:${back}`) })
  const asked = 'GET / HTTP/1.1\r\nHost: test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n'
  const began = performance.now()
  const answer = await sendRaw(port, asked, 5000)
  t.ok(performance.now() - began < 4000, 'the connection ends')
  t.equal(statusOf(answer), 401)
  t.notMatch(answer, /proxy-authenticate/i)
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

t.test('a WebSocket is under way until it ends: counted, then logged, then another may come', async t => {
  const { url: back, server } = await startServer(t, (_request, response) => void response.end('plain'))
  server.on('upgrade', (_request, socket) => {
    socket.write('HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n')
    socket.on('error', () => {}).pipe(socket)
  })
  const { port, lines } = await startTestRouter(t, {
    dynamic: simpleRoute(back, 'one: { inFlightReq: { amount: 1 } }', ['one']),
  })
  const handshake = 'GET /chat HTTP/1.1\r\nHost: test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n'
  const open = async () => {
    const socket = connect(port, '127.0.0.1')
    t.teardown(() => socket.destroy())
    socket.setEncoding('utf8').write(handshake)
    const [head] = (await once(socket, 'data')) as [string]
    return { socket, status: statusOf(head) }
  }
  const logged = async (status: number) => {
    const found = () =>
      lines.some(({ message, fields }) => message === 'request' && fields.DownstreamStatus === status)
    for (let turn = 0; turn < 400 && !found(); turn++) await new Promise(resolve => setImmediate(resolve))
    return found()
  }
  for (let turn = 0; turn < 2; turn++) {
    lines.length = 0
    const { socket, status } = await open()
    t.equal(status, 101)
    t.equal((await open()).status, 429)
    t.notOk(lines.some(({ fields }) => fields.DownstreamStatus === 101))
    socket.destroy()
    t.ok(await logged(101), 'its line says 101, when it has ended')
  }
})

t.test('a WebSocket goes to its server as other requests do: by its serversTransport', async t => {
  const { cert, key } = selfSigned(['back.test'])
  const server = createTlsServer({ cert, key })
  server.on('upgrade', (_request, socket) =>
    socket.end('HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n'),
  )
  const silent = createServer(() => {}).on('connection', socket => socket.on('error', () => {}))
  for (const one of [server, silent]) {
    await new Promise<void>(resolve => one.listen(0, '127.0.0.1', resolve))
    t.teardown(() => one.close())
  }
  const portOf = (one: typeof silent) => (one.address() as AddressInfo).port
  const { port } = await startTestRouter(t, {
    dynamic: `
http:
  routers:
    known: { rule: Path(\`/known\`), service: known }
    unknown: { rule: Path(\`/unknown\`), service: unknown }
    silent: { rule: Path(\`/silent\`), service: silent }
  serversTransports:
    own: { rootCAs: [${JSON.stringify(cert)}], serverName: back.test }
    hasty: { forwardingTimeouts: { responseHeaderTimeout: 50ms } }
  services:
    known: { loadBalancer: { servers: [{ url: 'https://127.0.0.1:${portOf(server)}' }], serversTransport: own } }
    unknown: { loadBalancer: { servers: [{ url: 'https://127.0.0.1:${portOf(server)}' }] } }
    silent: { loadBalancer: { servers: [{ url: 'http://127.0.0.1:${portOf(silent)}' }], serversTransport: hasty } }
`,
  })
  const ask = async (path: string) =>
    statusOf(
      await sendRaw(
        port,
        `GET ${path} HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n`,
      ),
    )
  t.equal(await ask('/known'), 101)
  t.equal(await ask('/unknown'), 502, 'a certificate of nobody we know')
  t.equal(await ask('/silent'), 504, 'nobody waits for ever')
  silent.closeAllConnections()
})
