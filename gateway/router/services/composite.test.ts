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

async function failing(t: Tap, status: number): Promise<string> {
  const { url } = await startServer(t, (request, response) => {
    request.resume().on('end', () => response.writeHead(status).end('first'))
  })
  return url
}

t.test('a failover repeats a request with its body, up to its bound', async t => {
  const seen: Seen[] = []
  const second = await startServer(t, echo(seen))
  const first = await failing(t, 503)
  const { port } = await startTestRouter(t, {
    dynamic: routesTo(
      `top: { failover: { service: one, fallback: two, errors: { status: ['500-599'], maxRequestBodyBytes: 5 } } }\none: ${serverAt(first)}\ntwo: ${serverAt(second.url)}`,
    ),
  })
  const answer = await sendRaw(port, post('again'))
  t.equal(statusOf(answer), 200)
  t.notMatch(answer, /first/)
  t.same(
    seen.map(({ body, method }) => `${method} ${body}`),
    ['POST again'],
  )
  t.equal(statusOf(await sendRaw(port, post('longer'))), 413)
  t.equal(statusOf(await sendRaw(port, rawRequest('/x'))), 200)
})

t.test(
  'highestRandomWeight keeps a client at one service; middlewares of a service hold for all who come to it',
  async t => {
    const seen: Seen[] = []
    const [one, two] = [await startServer(t, echo(seen)), await startServer(t, echo(seen))]
    const { port } = await startTestRouter(t, {
      dynamic: routesTo(
        `top: { middlewares: [mark], highestRandomWeight: { services: [{ name: one }, { name: two }] } }\none: ${serverAt(one.url)}\ntwo: ${serverAt(two.url)}`,
      ),
    })
    for (let index = 0; index < 6; index++) await sendRaw(port, rawRequest('/'))
    t.equal(seen.length, 6)
    t.ok(seen.every(({ headers }) => headers['x-mark'] === '1'))
  },
)

t.test('a health check follows redirects, unless it is told not to', async t => {
  const { url } = await startServer(t, ({ url: path }, response) => {
    if (path === '/live') return response.writeHead(302, { location: '/broken' }).end()
    response.writeHead(path === '/broken' ? 500 : 200).end()
  })
  const start = (more: string) =>
    startTestRouter(t, {
      dynamic: routesTo(
        `top: { loadBalancer: { servers: [{ url: '${url}' }], healthCheck: { path: /live, interval: 20ms${more} } } }`,
      ),
    })
  const settled = (port: number, wanted: number) =>
    until(async () => statusOf(await sendRaw(port, rawRequest('/'))) === wanted)
  t.ok(await settled((await start('')).port, 503))
  const { port, router } = await start(', followRedirects: false')
  t.ok(await settled(port, 200))
  t.match(router.metricsText(), /traefik_service_server_up\{service="top@file",url="[^"]+"\} 1/)
})
