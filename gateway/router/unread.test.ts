import { once } from 'node:events'
import { connect } from 'node:net'
import t from 'tap'
import { until } from './services/test-services.ts'
import { sendRaw, simpleRoute, startServer, startTestRouter } from './test-router.ts'
import { startRaw } from './upstream/test-answers.ts'

t.test('an answer under way is never mixed with a refusal of what comes behind', async t => {
  const { url: back } = await startServer(t, (_request, response) => {
    response.writeHead(200, { 'content-length': 100 }).write('0123456789')
  })
  const { port } = await startTestRouter(t, { dynamic: simpleRoute(back) })
  for (const behind of ['garbage\x01\r\n\r\n', 'CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n']) {
    const socket = connect(port, '127.0.0.1').setEncoding('latin1')
    let answer = ''
    socket
      .on('error', () => {})
      .on('data', text => {
        answer += text
      })
    socket.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
    t.ok(await until(() => answer.endsWith('0123456789')))
    socket.write(behind)
    await once(socket, 'close')
    t.match(answer, /^HTTP\/1\.1 200 OK\r\n(.+\r\n)+\r\n0123456789$/)
  }
  const upload = 'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\nzz\r\n'
  t.notMatch(await sendRaw(port, upload), /0123456789.*400 Bad Request/s)
})

t.test('a refused connection ends, also where its client does not end it', async t => {
  const away = await startRaw(t, socket => socket.destroy())
  const { port, router } = await startTestRouter(t, { dynamic: simpleRoute(`http://127.0.0.1:${away}`) })
  for (const [bytes, status] of [
    ['BAD\x01 / HTTP/1.1\r\n\r\n', '400'],
    ['CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n', '405'],
    ['GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n', '502'],
  ] as const) {
    const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true }).setEncoding('latin1')
    t.teardown(() => socket.destroy())
    let answer = ''
    socket
      .on('error', () => {})
      .on('data', text => {
        answer += text
      })
    socket.write(bytes)
    const none = () => /traefik_open_connections\S+ 0$/m.test(router.metricsText())
    t.ok(await until(() => answer.startsWith(`HTTP/1.1 ${status} `)))
    t.ok(await until(none), `${status}: it is closed`)
  }
})
