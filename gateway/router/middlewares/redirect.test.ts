import t from 'tap'
import { rawRequest, sendRaw, simpleRoute, startEcho, startTestRouter, statusOf } from '../test-router.ts'

const locationOf = (answer: string) => /^location: (.*)\r$/im.exec(answer)?.[1]

t.test('to another scheme and port, permanent or not, by the method', async t => {
  const { url: back } = await startEcho(t)
  const cases = [
    ['{ scheme: https }', 'GET', 'api.example:8080', 302, 'https://api.example/x?y=1'],
    ['{ scheme: https, permanent: true }', 'GET', 'api.example', 301, 'https://api.example/x?y=1'],
    [
      '{ scheme: https, permanent: true, port: 8443 }',
      'POST',
      'api.example',
      308,
      'https://api.example:8443/x?y=1',
    ],
    ['{ scheme: https, port: 443 }', 'PUT', '[::1]:80', 307, 'https://[::1]/x?y=1'],
  ] as const
  for (const [options, method, host, status, location] of cases) {
    const { port } = await startTestRouter(t, {
      dynamic: simpleRoute(back, `to: { redirectScheme: ${options} }`, ['to']),
    })
    const answer = await sendRaw(port, rawRequest('/x?y=1', [`Host: ${host}`, 'Content-Length: 0'], method))
    t.equal(statusOf(answer), status, options)
    t.equal(locationOf(answer), location)
  }
})

t.test('who is already where it leads passes', async t => {
  const { url: back } = await startEcho(t)
  const { port } = await startTestRouter(t, {
    dynamic: simpleRoute(back, 'to: { redirectScheme: { scheme: https } }', ['to']),
    entryPoint: '    forwardedHeaders: { insecure: true }',
  })
  t.equal(statusOf(await sendRaw(port, rawRequest('/x', ['X-Forwarded-Proto: https']))), 200)
})

t.test('by a pattern over the whole address', async t => {
  const { url: back } = await startEcho(t)
  const { port } = await startTestRouter(t, {
    dynamic: simpleRoute(
      back,
      "to: { redirectRegex: { regex: '^http://old/(.*)', replacement: 'https://new/$1', permanent: true } }",
      ['to'],
    ),
  })
  const answer = await sendRaw(port, rawRequest('/a%20b?c', ['Host: old']))
  t.equal(statusOf(answer), 301)
  t.equal(locationOf(answer), 'https://new/a%20b?c')
  t.equal(statusOf(await sendRaw(port, rawRequest('/a', ['Host: other']))), 200)
})
