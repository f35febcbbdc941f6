/** Requests sent one behind the other on one connection. */
import { once } from 'node:events'
import { connect } from 'node:net'
import t from 'tap'
import { simpleRoute, startServer, startTestRouter } from './test-router.ts'

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
