import { once } from 'node:events'
import { connect } from 'node:net'
import t from 'tap'
import { until } from '../services/test-services.ts'
import {
  echo,
  rawRequest,
  sendRaw,
  simpleRoute,
  startEcho,
  startServer,
  startTestRouter,
} from '../test-router.ts'

t.test(
  'the access log has the headers that the static file names, as they were sent; others never',
  async t => {
    const { url } = await startServer(t, (_request, response) => {
      response.writeHead(200, { 'x-shown': 'answer', 'set-cookie': 'secret=1' }).end()
    })
    const { port, lines } = await startTestRouter(t, {
      dynamic: simpleRoute(url),
      accessLog: `  fields: { names: { Duration: drop }, headers: { names: { X-Shown: keep, User-Agent: redact } } }`,
    })
    await sendRaw(
      port,
      rawRequest('/x?secret=1', ['X-Shown: question', 'User-Agent: me', 'Cookie: secret=2']),
    )
    const line = lines.find(({ message }) => message === 'request')?.fields ?? {}
    t.match(line, {
      'request_X-Shown': 'question',
      'downstream_X-Shown': 'answer',
      'request_User-Agent': 'REDACTED',
      DownstreamStatus: 200,
      RequestScheme: 'http',
      RouterName: 'all@file',
    })
    t.equal(line?.Duration, undefined)
    t.notMatch(JSON.stringify(lines), /secret/)
  },
)

t.test('event streams and what a router keeps out of the figures are counted as in Traefik', async t => {
  const { url } = await startServer(t, (_request, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' }).end('data: 1\n\n')
  })
  const dynamic = simpleRoute(url).replace(
    '  services:',
    '    quiet: { rule: PathPrefix(`/quiet`), observability: { accessLogs: false, metrics: false }, service: back }\n  services:',
  )
  const { port, lines, router } = await startTestRouter(t, { dynamic })
  await sendRaw(port, rawRequest('/stream', ['Accept: text/html, Text/Event-Stream']))
  await sendRaw(port, rawRequest('/stream', ['Accept: text/event-stream;q=1, */*']))
  await sendRaw(port, rawRequest('/quiet', ['Accept: text/event-stream']))
  t.equal(lines.filter(({ message }) => message === 'request').length, 2)
  for (const protocol of ['sse', 'http'])
    t.match(
      router.metricsText(),
      `traefik_service_requests_total{code="200",method="GET",protocol="${protocol}",service="back@file"} 1\n`,
      'by what is asked for',
    )
})

t.test('a client that goes away before it has an answer is a 499, after its head what that said', async t => {
  const { url } = await startServer(t, (request, response) => {
    if (request.url === '/begun') response.writeHead(200).write('a beginning')
    asked()
  })
  let asked = () => {}
  const { port, lines, router } = await startTestRouter(t, { dynamic: simpleRoute(url) })
  for (const [path, status] of [
    ['/slow', 499],
    ['/begun', 200],
  ] as const) {
    const reached = new Promise<void>(resolve => {
      asked = resolve
    })
    const socket = connect(port, '127.0.0.1')
    socket.write(`GET ${path} HTTP/1.1\r\nHost: test\r\n\r\n`)
    await reached
    if (status === 200) await once(socket, 'data')
    socket.destroy()
    const line = () => lines.find(({ fields }) => fields.path === path)
    t.ok(await until(() => line() !== undefined))
    t.equal(line()?.fields.DownstreamStatus, status)
    t.match(router.metricsText(), `traefik_service_requests_total{code="${status}",method="GET"`)
  }
})

t.test('bodies are counted, announced and in chunks', async t => {
  const { url } = await startEcho(t)
  const inside = { 'http://inside:1': { routing: echo() } }
  for (const server of [url, 'http://inside:1']) {
    const { port, lines, router } = await startTestRouter(t, { dynamic: simpleRoute(server), mounts: inside })
    const body = 'y'.repeat(100)
    await sendRaw(port, `${rawRequest('/', ['Content-Length: 100'], 'PUT')}${body}`)
    await sendRaw(
      port,
      `${rawRequest('/', ['Transfer-Encoding: chunked'], 'POST')}64\r\n${body}\r\n0\r\n\r\n`,
    )
    for (const method of ['PUT', 'POST'])
      t.match(
        router.metricsText(),
        `traefik_service_requests_bytes_total{code="200",method="${method}",protocol="http",service="back@file"} 100\n`,
      )
    t.same(
      lines.map(({ fields }) => fields.RequestContentSize),
      [100, 100],
    )
  }
})
