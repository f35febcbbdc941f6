/** inFlightReq, ipAllowList, encodedCharacters, buffering: what may come through. */
import t from 'tap'
import {
  bodyOf,
  rawRequest,
  sendRaw,
  simpleRoute,
  startEcho,
  startServer,
  startTestRouter,
  statusOf,
} from '../test-router.ts'

t.test('so many at a time, and a place is free again when its answer is through', async t => {
  const waiting: (() => void)[] = []
  let arrived = () => {}
  const { url: back } = await startServer(t, (_request, response) => {
    waiting.push(() => response.end('done'))
    arrived()
  })
  const { url } = await startTestRouter(t, {
    dynamic: simpleRoute(
      back,
      'few: { inFlightReq: { amount: 1, sourceCriterion: { requestHeaderName: X-Who } } }',
      ['few'],
    ),
  })
  const ask = (who: string) => fetch(url, { headers: { 'x-who': who } })
  const reached = new Promise<void>(resolve => {
    arrived = resolve
  })
  const first = ask('a')
  await reached
  const refused = await ask('a')
  t.equal(refused.status, 429)
  t.equal(await refused.text(), 'max connections reached: 1')
  waiting.shift()?.()
  t.equal(await (await first).text(), 'done')
  const again = new Promise<void>(resolve => {
    arrived = resolve
  })
  const second = ask('a')
  await again
  waiting.shift()?.()
  t.equal((await second).status, 200)
})

t.test('only addresses on the list', async t => {
  const { url: back, seen } = await startEcho(t)
  const inside = await startTestRouter(t, {
    dynamic: simpleRoute(back, 'only: { ipAllowList: { sourceRange: [127.0.0.0/8] } }', ['only']),
  })
  t.equal((await fetch(inside.url)).status, 200)
  const outside = await startTestRouter(t, {
    dynamic: simpleRoute(
      back,
      "only: { ipAllowList: { sourceRange: ['10.0.0.0/8'], rejectStatusCode: 404 } }",
      ['only'],
    ),
  })
  const refused = await fetch(outside.url, { headers: { 'x-forwarded-for': '10.0.0.1' } })
  t.equal(refused.status, 404, 'and nobody can claim to be on it')
  t.equal(seen.length, 1)
})

t.test('behind a proxy, the address is the one at its depth', async t => {
  const { url: back } = await startEcho(t)
  const { url } = await startTestRouter(t, {
    dynamic: simpleRoute(
      back,
      'only: { ipAllowList: { sourceRange: [10.0.0.0/8], ipStrategy: { depth: 2 } } }',
      ['only'],
    ),
    entryPoint: '    forwardedHeaders: { insecure: true }',
  })
  const ask = (list: string) =>
    fetch(url, { headers: { 'x-forwarded-for': list } }).then(answer => answer.status)
  t.equal(await ask('10.0.0.1, 192.0.2.1'), 200)
  t.equal(await ask('192.0.2.1, 10.0.0.1'), 403)
  t.equal(await ask('10.0.0.1'), 403)
})

t.test('encoded characters that a service may read differently are refused', async t => {
  const { url: back, seen } = await startEcho(t)
  const { port } = await startTestRouter(t, {
    dynamic: simpleRoute(back, 'plain: { encodedCharacters: { allowEncodedPercent: true } }', ['plain']),
  })
  for (const target of ['/a%2Fb', '/a%2fb', '/a%5Cb', '/a\\b', '/a%00', '/a%3Bb', '/a%3f', '/a%23'])
    t.equal(statusOf(await sendRaw(port, rawRequest(target))), 400, target)
  t.equal(seen.length, 0)
  for (const target of ['/a%25b', '/a%20b', '/a?b=%2F%00'])
    t.equal(statusOf(await sendRaw(port, rawRequest(target))), 200, target)
})

t.test('a body is passed on up to its bound, announced or chunked, and refused beyond it', async t => {
  const { url: back, seen } = await startEcho(t)
  const { port } = await startTestRouter(t, {
    dynamic: simpleRoute(back, 'bound: { buffering: { maxRequestBodyBytes: 10 } }', ['bound']),
  })
  const announced = (size: number) =>
    `${rawRequest('/', [`Content-Length: ${size}`], 'POST')}${'x'.repeat(size)}`
  const chunked = (size: number) =>
    `${rawRequest('/', ['Transfer-Encoding: chunked'], 'POST')}${size.toString(16)}\r\n${'x'.repeat(size)}\r\n0\r\n\r\n`
  for (const form of [announced, chunked]) {
    const passed = await sendRaw(port, form(10))
    t.equal(statusOf(passed), 200)
    t.equal(JSON.parse(bodyOf(passed)).body, 'x'.repeat(10))
    t.equal(statusOf(await sendRaw(port, form(11))), 413)
  }
  t.equal(seen.length, 2, 'what was refused was never begun')
})
