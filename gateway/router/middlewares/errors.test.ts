import t from 'tap'
import { echo, type Seen, startEcho, startServer, startTestRouter } from '../test-router.ts'

const routes = (back: string, pages: string, options: string) => `
http:
  routers:
    all: { rule: PathPrefix(\`/\`), middlewares: [outer, pages, inner], service: back }
  middlewares:
    outer: { headers: { customResponseHeaders: { X-Outer: '1' } } }
    pages: { errors: { ${options} } }
    inner: { headers: { customResponseHeaders: { X-Inner: '1' } } }
  services:
    back: { loadBalancer: { servers: [{ url: '${back}' }] } }
    pages: { loadBalancer: { servers: [{ url: '${pages}' }] } }
`

t.test('another service makes the answer, under the first status', async t => {
  const { url: back } = await startServer(t, (request, response) => {
    response.writeHead(Number(request.url?.slice(1)), { 'x-from': 'back', 'content-type': 'text/plain' })
    response.end('the first answer')
  })
  const { url: pages, seen } = await startEcho(t)
  const { url } = await startTestRouter(t, {
    dynamic: routes(
      back,
      pages,
      "status: ['500-599', '418'], service: pages, query: '/problems/{status}?url={url}', errorRequestHeaders: [X-Request-Id], statusRewrites: { '418': 404 }",
    ),
  })
  const answer = await fetch(`${url}/503`, {
    method: 'POST',
    body: 'x',
    headers: { 'x-request-id': 'abc', 'x-secret': '1' },
  })
  t.equal(answer.status, 503)
  t.equal(answer.headers.get('x-from'), null, 'no header of the first answer')
  t.equal(answer.headers.get('x-inner'), null, 'nor of middlewares behind')
  t.equal(answer.headers.get('x-outer'), '1', 'those before still have their say')
  const page = (await answer.json()) as Seen
  t.equal(page.method, 'GET')
  t.equal(page.url, `/problems/503?url=${encodeURIComponent(`${url}/503`)}`)
  t.equal(page.headers['x-request-id'], 'abc')
  t.equal(page.headers['x-secret'], undefined)
  t.equal(page.headers['content-length'], undefined)
  t.equal((await fetch(`${url}/418`)).status, 404, 'a rewritten status')
  const passed = await fetch(`${url}/409`)
  t.equal(passed.status, 409)
  t.equal(await passed.text(), 'the first answer')
  t.equal(passed.headers.get('x-inner'), '1')
  t.equal(seen.length, 2)
})

t.test('also when the service is away, or the app is in this process', async t => {
  const { url: pages } = await startEcho(t)
  const away = await startTestRouter(t, {
    dynamic: routes('http://127.0.0.1:1', pages, "status: ['502'], service: pages, query: '/p/{status}'"),
  })
  const answer = await fetch(away.url)
  t.equal(answer.status, 502)
  t.equal(((await answer.json()) as Seen).url, '/p/502')
  const mounted = await startTestRouter(t, {
    dynamic: routes(
      'http://app:1',
      'http://pages:1',
      "status: ['500'], service: pages, query: '/p/{status}'",
    ),
    mounts: {
      'http://app:1': { routing: (_request, response) => void response.writeHead(500).end('oops') },
      'http://pages:1': { routing: (request, response) => echo()(request, response as never) },
    },
  })
  const page = await fetch(`${mounted.url}/x`)
  t.equal(page.status, 500)
  t.equal(((await page.json()) as Seen).url, '/p/500')
})

t.test('a page that is itself away leaves the status', async t => {
  const { url: back } = await startServer(t, (_request, response) => void response.writeHead(503).end('x'))
  const { url } = await startTestRouter(t, {
    dynamic: routes(back, 'http://127.0.0.1:1', "status: ['503'], service: pages, query: /p"),
  })
  t.equal((await fetch(url)).status, 503)
})

t.test(
  'the page is not taken for the answer that it replaces: neither compressed for it, nor cut',
  async t => {
    const { url: back } = await startServer(t, (_request, response) => {
      response.writeHead(502, { 'content-type': 'text/plain' }).end('x'.repeat(5000))
    })
    const { url: pages } = await startServer(t, (_request, response) => void response.end('a page'))
    const { url } = await startTestRouter(t, {
      dynamic: `
http:
  routers: { all: { rule: PathPrefix(\`/\`), middlewares: [outer, squeeze], service: back } }
  middlewares:
    outer: { errors: { status: ['502'], service: pages, query: / } }
    squeeze: { compress: {} }
  services:
    back: { loadBalancer: { servers: [{ url: '${back}' }] } }
    pages: { loadBalancer: { servers: [{ url: '${pages}' }] } }
`,
    })
    const answer = await fetch(url, { headers: { 'accept-encoding': 'gzip' } })
    t.equal(answer.status, 502)
    t.equal(answer.headers.get('content-encoding'), null)
    t.equal(await answer.text(), 'a page')
  },
)
