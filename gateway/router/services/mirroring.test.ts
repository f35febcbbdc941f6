import type { IncomingMessage, ServerResponse } from 'node:http'
import t from 'tap'
import {
  echo,
  rawRequest,
  type Seen,
  sendRaw,
  startServer,
  startTestRouter,
  statusOf,
} from '../test-router.ts'
import { post, routesTo, serverAt, until } from './test-services.ts'

type Tap = { teardown(handler: () => unknown): void }

async function start(t: Tap, options: string, mirror: (a: IncomingMessage, b: ServerResponse) => void) {
  const seen: Seen[] = []
  const main = await startServer(t, echo(seen))
  const other = await startServer(t, mirror)
  const dynamic = routesTo(
    [
      `top: { mirroring: { service: main, mirrors: [{ name: other, percent: 50 }, { name: app, percent: 100 }]${options} } }`,
      `main: ${serverAt(main.url)}`,
      `other: ${serverAt(other.url)}`,
      `app: ${serverAt('http://app:1')}`,
    ].join('\n'),
  )
  const mirrored: Seen[] = []
  const mounts = { 'http://app:1': { routing: echo(mirrored) } }
  return { ...(await startTestRouter(t, { dynamic, mounts })), seen, mirrored }
}

t.test('the share of a mirror gets the same request, and nobody sees its answer', async t => {
  const copies: Seen[] = []
  const { port, seen, mirrored } = await start(t, '', echo(copies))
  for (let index = 0; index < 6; index++) {
    const answer = await sendRaw(port, post(`body ${index}`))
    t.equal(statusOf(answer), 200)
    t.match(answer, `body ${index}`)
  }
  t.ok(await until(() => copies.length === 3 && mirrored.length === 6))
  t.same(
    copies.map(({ body }) => body),
    ['body 0', 'body 2', 'body 4'],
  )
  t.same(
    mirrored.map(({ body }) => body),
    seen.map(({ body }) => body),
  )
  for (const { method, url, headers } of [...copies, ...mirrored]) {
    t.equal(`${method} ${url}`, 'POST /x?q=1')
    t.equal(headers['x-two'], '2')
    t.equal(headers['x-forwarded-for'], '127.0.0.1')
  }
})

t.test('a mirror that hangs or is away costs the client nothing', async t => {
  const { port, seen } = await start(t, '', () => {})
  for (let index = 0; index < 10; index++) t.equal(statusOf(await sendRaw(port, rawRequest('/'))), 200)
  t.equal(seen.length, 10)
})

t.test('a body beyond maxBodySize goes to the service alone', async t => {
  const { port, seen, mirrored } = await start(t, ', maxBodySize: 5', echo())
  t.equal(statusOf(await sendRaw(port, post('123456'))), 200)
  const chunked = 'POST / HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n'
  t.equal(statusOf(await sendRaw(port, `${chunked}3\r\n123\r\n3\r\n456\r\n0\r\n\r\n`)), 200)
  t.equal(statusOf(await sendRaw(port, post('12345'))), 200)
  t.ok(await until(() => mirrored.length === 1))
  t.same(
    mirrored.map(({ body }) => body),
    ['12345'],
  )
  t.same(
    seen.map(({ body }) => body),
    ['123456', '123456', '12345'],
  )
})
