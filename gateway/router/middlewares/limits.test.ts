/** inFlightReq, ipAllowList, encodedCharacters, buffering: what may come through. */
import { connect } from 'node:net'
import t from 'tap'
import type { Verdict } from '../services/mount.ts'
import {
  bodyOf,
  echo,
  rawRequest,
  sendRaw,
  simpleRoute,
  startEcho,
  startServer,
  startTestRouter,
  statusOf,
} from '../test-router.ts'
import { inFlightReq } from './in-flight-req.ts'

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

t.test(
  'a client that goes away while another middleware waits leaves nothing behind that counts',
  async t => {
    const { url: back, seen } = await startEcho(t)
    const asked: (() => void)[] = []
    let slow = true
    const verify = () =>
      new Promise<Verdict>(resolve => {
        const settle = () => resolve({ status: 200, headers: {}, body: '' })
        if (slow) asked.push(settle)
        else settle()
      })
    const { port, lines } = await startTestRouter(t, {
      mounts: { 'http://auth:1': { routing: () => {}, verify } },
      dynamic: simpleRoute(
        back,
        "auth: { forwardAuth: { address: 'http://auth:1/verify' } }\nfew: { inFlightReq: { amount: 1 } }",
        ['auth', 'few'],
      ),
    })
    for (let count = 0; count < 3; count++) {
      const socket = connect(port, '127.0.0.1')
      socket.write('GET /gone HTTP/1.1\r\nHost: test\r\n\r\n'.repeat(2))
      while (asked.length < 2) await new Promise(resolve => setImmediate(resolve))
      socket.destroy()
      const logged = () => lines.filter(({ message }) => message === 'request').length
      while (logged() < 2 * (count + 1)) await new Promise(resolve => setImmediate(resolve))
      for (const settle of asked.splice(0)) settle()
    }
    slow = false
    t.equal(statusOf(await sendRaw(port, rawRequest('/'))), 200)
    t.same(
      seen.map(({ url }) => url),
      ['/'],
    )
  },
)

t.test('a place is not given to a request whose client has gone', t => {
  const chain = inFlightReq.create({ amount: 1 }, {} as never)
  let running = 0
  const run = chain(() => void running++)
  const exchange = (destroyed: boolean) => ({ host: 'a', response: { destroyed, once() {} } }) as never
  run(exchange(true))
  run(exchange(false))
  t.equal(running, 1)
  t.end()
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

t.test('a body is whole, and no longer than its bound, also where Connection names its length', async t => {
  const { url: back, seen } = await startEcho(t)
  const route = simpleRoute(back, 'bound: { buffering: { maxRequestBodyBytes: 10 } }', ['bound'])
  const inside = route.replace(back, 'http://inside:1')
  for (const [dynamic, mounts] of [
    [route, {}],
    [inside, { 'http://inside:1': { routing: echo(seen) } }],
  ] as const) {
    const { port } = await startTestRouter(t, { dynamic, mounts })
    const ask = (size: number, named: string, framing: string, body: string) =>
      sendRaw(
        port,
        `POST /${size} HTTP/1.1\r\nHost: a\r\nConnection: close, ${named}\r\n${framing}\r\n\r\n${body}`,
      )
    for (const size of [10, 50]) {
      const body = 'y'.repeat(size)
      const answers = [
        await ask(size, 'content-length', `Content-Length: ${size}`, body),
        await ask(
          size,
          'Transfer-Encoding',
          'Transfer-Encoding: chunked',
          `${size.toString(16)}\r\n${body}\r\n0\r\n\r\n`,
        ),
      ]
      t.same(answers.map(statusOf), size === 10 ? [200, 200] : [413, 413])
    }
  }
  t.same(
    seen.map(({ body }) => body),
    Array(4).fill('y'.repeat(10)),
  )
})
