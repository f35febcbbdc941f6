import t from 'tap'
import { simpleRoute, startServer, startTestRouter } from '../test-router.ts'

t.test('a server that cannot be reached is asked again; then the answer is 502', async t => {
  const { url, lines } = await startTestRouter(t, {
    dynamic: simpleRoute('http://127.0.0.1:1', 'again: { retry: { attempts: 3 } }', ['again']),
  })
  t.equal((await fetch(url)).status, 502)
  t.match(lines.at(-1)?.fields, { RetryAttempts: 2, status: 502 })
})

t.test('a status of the list is asked again, with its body, until it is another', async t => {
  const bodies: string[] = []
  const { url: back } = await startServer(t, (request, response) => {
    let body = ''
    request.on('data', chunk => {
      body += chunk
    })
    request.on('end', () => {
      bodies.push(body)
      response
        .writeHead(bodies.length < 3 ? 503 : 200, { 'x-attempt': bodies.length })
        .end(`attempt ${bodies.length}`)
    })
  })
  const { url } = await startTestRouter(t, {
    dynamic: simpleRoute(back, "again: { retry: { attempts: 4, status: ['503'] } }", ['again']),
  })
  const answer = await fetch(url, { method: 'PUT', body: 'a body' })
  t.equal(answer.status, 200)
  t.equal(answer.headers.get('x-attempt'), '3')
  t.equal(await answer.text(), 'attempt 3')
  t.same(bodies, ['a body', 'a body', 'a body'])
})

t.test('what may have had its effect is not repeated', async t => {
  let asked = 0
  const { url: back } = await startServer(t, (request, response) => {
    asked++
    if (request.url === '/drop') request.socket.destroy()
    else response.writeHead(503).end()
  })
  const { url } = await startTestRouter(t, {
    dynamic: simpleRoute(back, "again: { retry: { attempts: 3, status: ['503'] } }", ['again']),
  })
  t.equal((await fetch(url, { method: 'POST', body: 'x' })).status, 503, 'POST is not idempotent')
  t.equal(asked, 1)
  t.equal((await fetch(`${url}/drop`, { method: 'POST', body: 'x' })).status, 502, 'the request was sent')
  t.equal(asked, 2)
  t.equal((await fetch(url)).status, 503, 'the last attempt’s answer stands')
  t.equal(asked, 5)
})
