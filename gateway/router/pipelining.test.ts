/** Requests sent one behind the other on one connection. */
import { once } from 'node:events'
import { connect } from 'node:net'
import t from 'tap'
import { rawRequest, sendRaw, simpleRoute, startServer, startTestRouter, statusOf } from './test-router.ts'

t.test('a client that goes away leaves none of the requests behind that stood in its line', async t => {
  let asked = 0
  const { url: back } = await startServer(t, (request, response) => {
    asked++
    if (request.url === '/quick') response.end('quick')
  })
  const { port, lines, url } = await startTestRouter(t, {
    dynamic: simpleRoute(back, 'few: { inFlightReq: { amount: 3 } }', ['few']),
  })
  const request = (path: string) => `GET ${path} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n\r\n`
  for (let turn = 1; turn <= 3; turn++) {
    const socket = connect(port, '127.0.0.1')
    await once(socket, 'connect')
    socket.write(request('/slow') + request('/slow') + request('/quick'))
    while (asked < 3 * turn) await new Promise(resolve => setImmediate(resolve))
    socket.destroy()
    const logged = () => lines.filter(({ message }) => message === 'request').length
    for (let wait = 0; wait < 2000 && logged() < 3 * turn; wait++)
      await new Promise(resolve => setImmediate(resolve))
    t.equal(logged(), 3 * turn)
  }
  t.equal((await fetch(`${url}/quick`)).status, 200)
})

t.test('a handshake behind a request that is not answered yet is an ordinary request', async t => {
  const { url: back } = await startServer(t, (request, response) => response.end(`plain ${request.url}`))
  const { port } = await startTestRouter(t, { dynamic: simpleRoute(back) })
  const handshake = 'GET /ws HTTP/1.1\r\nHost: a\r\nConnection: Upgrade, close\r\nUpgrade: websocket\r\n\r\n'
  const answers = await sendRaw(port, `GET /a HTTP/1.1\r\nHost: a\r\n\r\n${handshake}`)
  t.match(answers, /^HTTP\/1\.1 200 OK\r\n.+plain \/aHTTP\/1\.1 200 OK\r\n.+plain \/ws$/s)
})

t.test(
  'a tunnel that is asked for and torn down at once is no more than an end of that connection',
  async t => {
    const { url: back } = await startServer(t, (_request, response) => response.end('fine'))
    const { port, router } = await startTestRouter(t, { dynamic: simpleRoute(back) })
    for (let count = 0; count < 20; count++) {
      const socket = connect(port, '127.0.0.1')
      await once(socket, 'connect')
      socket.write('CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n', () => socket.resetAndDestroy())
    }
    const ended = () => /traefik_open_connections\S+ 0$/m.test(router.metricsText())
    for (let wait = 0; wait < 2000 && !ended(); wait++) await new Promise(resolve => setImmediate(resolve))
    t.ok(ended(), 'none is kept')
    t.equal(statusOf(await sendRaw(port, rawRequest('/'))), 200)
  },
)
