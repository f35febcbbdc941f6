/** Why the router itself answered: an event of the request's span, a metric, a field of the access log. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { startOtlpReceiver } from '@glimmr/dev/otlp-receiver'
import t, { type Test } from 'tap'
import { rawRequest, sendRaw, startServer, statusOf, writeRouteFiles } from '../test-router.ts'

const script = fileURLToPath(new URL('../fixtures/traced-router.ts', import.meta.url))

const entryPoint = `    http:
      maxHeaderBytes: 16384
      underscoreHeadersStrategy: reject
      encodedCharacters: { allowEncodedSlash: false }`

const dynamic = (serverUrl: string) => `
http:
  routers:
    limited: { rule: Path(\`/limited\`), middlewares: [limit], service: back }
    small: { rule: Path(\`/small\`), middlewares: [small], service: back }
    few: { rule: Path(\`/few\`), middlewares: [few], service: back }
    far: { rule: Path(\`/far\`), middlewares: [near], service: back }
    strip: { rule: PathPrefix(\`/strip\`), middlewares: [strip], service: back }
    auth: { rule: Path(\`/auth\`), middlewares: [auth], service: back }
    no-auth: { rule: Path(\`/no-auth\`), middlewares: [no-auth], service: back }
    away: { rule: Path(\`/away\`), service: away }
    again: { rule: Path(\`/again\`), service: again }
    nobody: { rule: Path(\`/nobody\`), service: nobody }
    back: { rule: Path(\`/back\`), service: back }
  middlewares:
    limit: { rateLimit: { average: 1, period: 1h } }
    small: { buffering: { maxRequestBodyBytes: 10 } }
    few: { inFlightReq: { amount: 0 } }
    near: { ipAllowList: { sourceRange: [10.0.0.0/8] } }
    strip: { stripPrefix: { prefixes: [/strip] } }
    auth: { forwardAuth: { address: '${serverUrl}/?status=401' } }
    no-auth: { forwardAuth: { address: 'http://127.0.0.1:1/' } }
  services:
    back: { loadBalancer: { servers: [{ url: '${serverUrl}' }] } }
    away: { loadBalancer: { servers: [{ url: 'http://127.0.0.1:1' }] } }
    again: { failover: { service: away, fallback: back, errors: { status: ['502'] } } }
    nobody: { loadBalancer: { servers: [] } }
`

/** Without a traceparent: the parser never got as far as the headers. */
const unread: [string, reason: string][] = [
  [`GET / HTTP/1.1\r\nHost: a\r\nX: ${'x'.repeat(20_000)}\r\n\r\n`, 'head_too_large'],
  ['GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n', 'malformed_head'],
  ['CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n', 'tunnel'],
]
const cases: [request: [target: string, headers?: string[], method?: string], reason: string | undefined][] =
  [
    [['/back'], undefined],
    [['/back?status=404'], undefined],
    [['/limited'], 'rate_limit'],
    [['/small', ['Content-Length: 11'], 'POST'], 'body_too_large'],
    [['/few'], 'in_flight_limit'],
    [['/far'], 'address_not_allowed'],
    [['/strip/../x'], 'no_route'],
    [['/strip/a%2fb'], 'encoded_character'],
    [['/strip%2e%2e/x'], 'path'],
    [['/auth'], 'auth'],
    [['/no-auth'], 'auth_unavailable'],
    [['/away'], 'server_unreachable'],
    [['/again'], undefined],
    [['/nobody'], 'no_server'],
    [['/back', ['X_A: b']], 'underscore_header'],
    [['ftp://a/back'], 'target'],
    [['/back', ['Host: a b']], 'host'],
    [['/back', ['Transfer-Encoding: gzip, chunked']], 'transfer_encoding'],
    [['/back', Array.from({ length: 501 }, (_, index) => `X-${index}: 1`)], 'too_many_headers'],
  ]

const traceId = (index: number) => `${index + 1}`.padStart(32, '0')

async function startTraced(t: Test) {
  const receiver = await startOtlpReceiver()
  t.teardown(() => receiver.close())
  const { url } = await startServer(t, (request, response) => {
    const status = new URL(String(request.url), 'http://a').searchParams.get('status')
    response.writeHead(Number(status ?? 200)).end()
  })
  const { staticFile } = writeRouteFiles(t, { dynamic: dynamic(url), entryPoint })
  const child = spawn(process.execPath, [script, staticFile], {
    env: { ...process.env, ...receiver.env },
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  t.teardown(() => child.kill())
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  const port = Number((await lines.next()).value)
  const end = async (): Promise<{ refused: string[]; metrics: string }> => {
    child.stdin.end()
    const { value } = await lines.next()
    if (child.exitCode === null) await once(child, 'exit')
    return JSON.parse(String(value))
  }
  return { receiver, port, end }
}

t.test('every answer of the router’s own says why: in the trace, the figures and the log', async t => {
  const { receiver, port, end } = await startTraced(t)
  const expected = cases.flatMap(([, reason]) => reason ?? [])
  t.equal(statusOf(await sendRaw(port, rawRequest('/limited'))), 200, 'the one of this hour')
  for (const sampled of ['01', '00']) {
    for (const [index, [[target, headers = [], method], reason]] of cases.entries()) {
      const traceparent = `Traceparent: 00-${traceId(index)}-b7ad6b7169203331-${sampled}`
      const answer = await sendRaw(port, rawRequest(target, [...headers, traceparent], method))
      if (sampled === '01')
        t.equal(statusOf(answer) >= 400, reason !== undefined || target.includes('404'), target)
    }
  }
  for (const [bytes] of unread) await sendRaw(port, bytes)
  const { refused, metrics } = await end()

  const events = receiver.spans.flatMap(span =>
    (span.events ?? [])
      .filter(({ name }) => name === 'router.refused')
      .map(({ attributes }) => [span.traceId, attributes?.[0]?.value.stringValue]),
  )
  const inTraces = cases.flatMap(([, reason], index) => (reason ? [[traceId(index), reason]] : []))
  const named = new Set(inTraces.map(([id]) => id))
  t.same(
    events.filter(([id]) => named.has(String(id))),
    inTraces,
    'one event each; none where the trace is not sampled',
  )
  t.same(
    events.filter(([id]) => !named.has(String(id))).map(([, reason]) => reason),
    unread.map(([, reason]) => reason),
    'what could not be read has a span of its own',
  )
  t.same(refused, [...expected, ...expected])
  const counted = [
    ...metrics.matchAll(/^glimmr_router_refusals_total\{entrypoint="web",reason="(\w+)"\} (\d+)$/gm),
  ].map(([, reason, count]) => [reason, Number(count)])
  t.same(
    Object.fromEntries(counted),
    Object.fromEntries([...expected.map(reason => [reason, 2]), ...unread.map(([, reason]) => [reason, 1])]),
  )
})
