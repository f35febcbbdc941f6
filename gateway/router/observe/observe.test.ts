import t from 'tap'
import { rawRequest, sendRaw, simpleRoute, startServer, startTestRouter } from '../test-router.ts'

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
  await sendRaw(port, rawRequest('/stream'))
  await sendRaw(port, rawRequest('/quiet'))
  t.equal(lines.filter(({ message }) => message === 'request').length, 1)
  t.match(
    router.metricsText(),
    /traefik_service_requests_total\{code="200",method="GET",protocol="sse",service="back@file"\} 1\n/,
  )
})
