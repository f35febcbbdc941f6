/** Requests that could be read in two ways, over raw sockets: the service must never see the second reading. */
import { connect } from 'node:net'
import t from 'tap'
import {
  echo,
  rawRequest,
  type Seen,
  sendRaw,
  startTestRouter,
  statusOf,
  type TestRouter,
} from './test-router.ts'

const dynamic = `
http:
  routers:
    open: { rule: PathPrefix(\`/open/\`), middlewares: [strip], service: back }
    closed: { rule: PathPrefix(\`/closed/\`), middlewares: [nobody], service: back }
  middlewares:
    strip: { headers: { customRequestHeaders: { X-Auth-Subject: '', X-Hasura-Admin-Secret: '' } } }
    nobody: { ipAllowList: { sourceRange: [192.0.2.1], rejectStatusCode: 401 } }
  services:
    back: { loadBalancer: { servers: [{ url: 'http://back:1' }] } }
`
const entryPoint = `    http:
      underscoreHeadersStrategy: delete
      maxHeaderBytes: 16384
      encodedCharacters:
        allowEncodedSlash: false
        allowEncodedBackSlash: false
        allowEncodedNullCharacter: false
        allowEncodedSemicolon: false
        allowEncodedPercent: false
        allowEncodedQuestionMark: false
        allowEncodedHash: false
    transport:
      respondingTimeouts: { readTimeout: 1s, idleTimeout: 1s }`

async function start(test: Tap): Promise<TestRouter & { seen: Seen[] }> {
  const seen: Seen[] = []
  const mounts = {
    'http://back:1': { routing: (request: never, response: never) => echo(seen)(request, response) },
  }
  return { ...(await startTestRouter(test, { dynamic, entryPoint, mounts })), seen }
}

type Tap = { teardown(handler: () => unknown): void }

t.test('no spelling of a path reaches the closed part through the open one', async t => {
  const { port, seen } = await start(t)
  for (const target of [
    '/open/../closed/x',
    '/open/..%2fclosed/x',
    '/open/%2e%2e/closed/x',
    '/open/%2e%2e%2fclosed/x',
    '/open/.%2e/closed/x',
    '/open/..\\closed\\x',
    '/open/..%5cclosed/x',
    '/open/%252e%252e/closed/x',
    '/open/..;/closed/x',
    '/open/..%3b/closed/x',
    '/open/%00/../closed',
    '/open/x%23',
    '/open/x#/../../closed',
    '//open/../closed/x',
    '/./open/../closed/x',
    '/open/..//closed/x',
    'http://test/open/../closed/x',
    'HTTP://test/open/../closed/x',
    '/CLOSED/x',
  ]) {
    const status = statusOf(await sendRaw(port, rawRequest(target)))
    t.ok(
      [400, 401, 404].includes(status) || (status === 200 && seen.at(-1)?.url.startsWith('/open/')),
      `${target}: ${status}`,
    )
  }
  for (const { url } of seen) {
    t.match(url, /^\/open\//)
    // What is left of such a path means nothing to our services: "..;" is a name like any other.
    t.notMatch(new URL(url, 'http://back').pathname, /^\/closed/, url)
  }
})

t.test('identity headers are stripped in every spelling, however often they come', async t => {
  const { port, seen } = await start(t)
  const names = [
    'X-Auth-Subject',
    'x-auth-subject',
    'X-AUTH-SUBJECT',
    'X_Auth_Subject',
    'x-auth_subject',
    'X_AUTH-SUBJECT',
    'X-Hasura-Admin-Secret',
    'x_hasura_admin_secret',
  ]
  for (const name of names) await sendRaw(port, rawRequest('/open/x', [`${name}: forged`, `${name}: forged`]))
  await sendRaw(
    port,
    rawRequest(
      '/open/x',
      names.map(name => `${name}: forged`),
    ),
  )
  t.equal(seen.length, names.length + 1)
  for (const { headers, raw } of seen) {
    t.notMatch(JSON.stringify(headers), /forged/)
    t.notMatch(raw.join('\n'), /forged/)
  }
  for (const line of [
    'X-Auth-Subject : forged',
    'X-Auth-Subject\t: forged',
    ' X-Auth-Subject: forged',
    'X-Auth-Subject\0: forged',
    'X-Auth-Subject',
    ': forged',
    'X-Äuth: forged',
  ])
    t.equal(statusOf(await sendRaw(port, rawRequest('/open/x', [line]))), 400, JSON.stringify(line))
  t.equal(seen.length, names.length + 1)
})

t.test('headers cannot be smuggled past by naming them in Connection', async t => {
  const { port, seen } = await start(t)
  await sendRaw(
    port,
    'GET /open/x HTTP/1.1\r\nHost: test\r\nConnection: close, X-Forwarded-For, X-Real-Ip\r\nX-Forwarded-For: 6.6.6.6\r\n\r\n',
  )
  t.equal(seen[0]?.headers['x-forwarded-for'], '127.0.0.1')
  t.equal(seen[0]?.headers['x-real-ip'], '127.0.0.1')
})

t.test(
  'a request has one end: ambiguous lengths are refused, and what follows is not another request',
  async t => {
    const { port, seen } = await start(t)
    const inner = 'GET /open/smuggled HTTP/1.1\r\nHost: test\r\n\r\n'
    const post = (headers: string, body: string) =>
      `POST /open/x HTTP/1.1\r\nHost: test\r\n${headers}\r\n\r\n${body}`
    const cases: [string, string][] = [
      [
        'both lengths',
        post(`Content-Length: ${inner.length + 5}\r\nTransfer-Encoding: chunked`, `0\r\n\r\n${inner}`),
      ],
      [
        'both, the other way',
        post('Transfer-Encoding: chunked\r\nContent-Length: 4', `1\r\nx\r\n0\r\n\r\n${inner}`),
      ],
      ['two lengths', post('Content-Length: 0\r\nContent-Length: 44', inner)],
      ['a list of lengths', post('Content-Length: 0, 44', inner)],
      ['a signed length', post('Content-Length: +0', inner)],
      ['a negative length', post('Content-Length: -1', inner)],
      ['a hexadecimal length', post('Content-Length: 0x10', inner)],
      ['an unknown coding', post('Transfer-Encoding: xchunked', `0\r\n\r\n${inner}`)],
      ['two codings', post('Transfer-Encoding: gzip, chunked', `0\r\n\r\n${inner}`)],
      [
        'two coding lines',
        post('Transfer-Encoding: chunked\r\nTransfer-Encoding: identity', `0\r\n\r\n${inner}`),
      ],
      ['chunked is not last', post('Transfer-Encoding: chunked, identity', `0\r\n\r\n${inner}`)],
      ['a blank in the name', post('Transfer-Encoding : chunked', `0\r\n\r\n${inner}`)],
      ['a vertical tab', post('Transfer-Encoding: \x0bchunked', `0\r\n\r\n${inner}`)],
      [
        'HTTP/1.0 chunked',
        `POST /open/x HTTP/1.0\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n${inner}`,
      ],
      ['a bare line feed', `POST /open/x HTTP/1.1\r\nHost: test\r\nContent-Length: 0\nX: y\r\n\r\n${inner}`],
      ['a folded header', post('X: a\r\n Transfer-Encoding: chunked\r\nContent-Length: 0', inner)],
      ['a bad chunk size', post('Transfer-Encoding: chunked', `zz\r\n\r\n${inner}`)],
      ['a huge chunk size', post('Transfer-Encoding: chunked', `fffffffffffffffff\r\n\r\n${inner}`)],
      ['a chunk with a bare line feed', post('Transfer-Encoding: chunked', `1\nx\n0\n\n${inner}`)],
    ]
    for (const [name, bytes] of cases) {
      const before = seen.length
      const answer = await sendRaw(port, bytes, 400)
      const smuggled = seen.slice(before).filter(({ url }) => url.includes('smuggled'))
      t.equal(smuggled.length, 0, `${name}: ${statusOf(answer)}`)
      t.ok([0, 400, 501].includes(statusOf(answer)), `${name} is refused`)
    }
  },
)

t.test('two hosts, none, or one that is no host: refused', async t => {
  const { port, seen } = await start(t)
  const get = (lines: string) => `GET /open/x HTTP/1.1\r\n${lines}Connection: close\r\n\r\n`
  for (const lines of [
    '',
    'Host: a\r\nHost: b\r\n',
    'Host: a b\r\n',
    'Host: a/b\r\n',
    'Host: a@b\r\n',
    'Host: a:b\r\n',
    'Host: a?b\r\n',
  ])
    t.equal(statusOf(await sendRaw(port, get(lines))), 400, JSON.stringify(lines))
  t.equal(statusOf(await sendRaw(port, rawRequest('http://user@test/open/x'))), 400)
  t.equal(seen.length, 0)
})

t.test('no tunnels, no other protocols, no nonsense', async t => {
  const { port, seen } = await start(t)
  t.equal(statusOf(await sendRaw(port, 'CONNECT test:80 HTTP/1.1\r\nHost: test\r\n\r\n')), 405)
  t.equal(statusOf(await sendRaw(port, 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 300)), 400)
  t.equal(statusOf(await sendRaw(port, '\x16\x03\x01\x02\x00\x01\x00')), 400)
  t.equal(statusOf(await sendRaw(port, 'GET /open/x\r\n\r\n', 300)), 400)
  t.equal(statusOf(await sendRaw(port, 'GET /open/x HTTP/9.9\r\nHost: test\r\n\r\n', 300)), 400)
  t.equal(statusOf(await sendRaw(port, rawRequest('*', [], 'OPTIONS'))), 400)
  t.equal(seen.length, 0)
})

t.test('heads are bounded in bytes and in time', async t => {
  const { port, seen } = await start(t)
  t.equal(statusOf(await sendRaw(port, rawRequest(`/open/${'x'.repeat(20_000)}`))), 431)
  t.equal(statusOf(await sendRaw(port, rawRequest('/open/x', [`X-Large: ${'x'.repeat(20_000)}`]))), 431)
  t.equal(
    statusOf(
      await sendRaw(
        port,
        rawRequest(
          '/open/x',
          Array.from({ length: 2000 }, (_, index) => `X-${index}: 1`),
        ),
      ),
    ),
    431,
  )
  t.equal(seen.length, 0)
  // Slowloris: a head that never ends is cut off, an answer or not.
  const socket = connect(port, '127.0.0.1')
  const started = performance.now()
  socket.write('GET /open/x HTTP/1.1\r\nHost: test\r\n')
  const trickle = setInterval(() => socket.writable && socket.write('X: y\r\n'), 200)
  await new Promise<void>(resolve => {
    socket.on('error', () => {})
    socket.on('close', () => resolve())
    socket.resume()
  })
  clearInterval(trickle)
  t.ok(performance.now() - started < 5000)
  t.equal(seen.length, 0)
})

t.test('pipelined requests are answered in order, each by its own route', async t => {
  const { port, seen } = await start(t)
  const answer = await sendRaw(
    port,
    `GET /open/1 HTTP/1.1\r\nHost: test\r\n\r\nGET /closed/2 HTTP/1.1\r\nHost: test\r\n\r\n${rawRequest('/open/3')}`,
  )
  t.same(
    [...answer.matchAll(/HTTP\/1\.1 (\d{3})/g)].map(match => match[1]),
    ['200', '401', '200'],
  )
  t.same(
    seen.map(({ url }) => url),
    ['/open/1', '/open/3'],
  )
})
