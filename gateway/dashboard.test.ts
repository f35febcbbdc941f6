/** ops/grafana/gateway.json against what the two routers say of themselves. */
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import t, { type Test } from 'tap'
import { startEcho } from './parity/echo.ts'
import { findTraefik, startTraefik } from './parity/traefik.ts'
import { createRouter } from './router/router.ts'
import { createTestLog } from './router/test-router.ts'

const folder = fileURLToPath(new URL('../traefik', import.meta.url))
const dashboard = readFileSync(new URL('../ops/grafana/gateway.json', import.meta.url), 'utf8')
const shown = new Set(dashboard.match(/traefik_\w+/g)?.map(name => name.replace(/_bucket$/, '')))

type Panel = { title: string; targets: { expr: string }[] }

/** Metrics that are there only once something has happened: a retry, a certificate, a health check. */
const onOccasion = [
  'traefik_service_retries_total',
  'traefik_tls_certs_not_after',
  'traefik_service_server_up',
]

async function metricsOf(ports: Record<string, number>): Promise<string> {
  for (const path of ['/l/slug', '/v1/core/health', '/v1/core/prices'])
    await (await fetch(`http://127.0.0.1:${ports.web}${path}`)).text()
  return (await fetch(`http://127.0.0.1:${ports.ops}/metrics`)).text()
}

function check(
  t: { match(found: string, wanted: string | RegExp, message: string): unknown },
  metrics: string,
): void {
  for (const name of shown)
    if (!onOccasion.includes(name)) t.match(metrics, new RegExp(`^${name}(?:_bucket)?[ {]`, 'm'), name)
  for (const label of ['entrypoint="web"', 'code="200"', 'protocol="http"', 'service="core@file"'])
    t.match(metrics, label, 'the labels by which panels choose')
}

t.test('every panel has a name and asks for something', t => {
  const { panels } = JSON.parse(dashboard) as { panels: Panel[] }
  t.ok(panels.length >= 12)
  t.equal(new Set(panels.map(({ title }) => title)).size, panels.length)
  for (const { title, targets } of panels)
    t.ok(
      targets.every(({ expr }) => expr !== ''),
      title,
    )
  t.end()
})

t.test('gateway/router serves what the dashboard shows', async t => {
  const echo = await startEcho()
  t.teardown(() => echo.close())
  const env = { CORE_URL: echo.url, LINKS_URL: echo.url, AUTH_URL: echo.url }
  const overrides = { entryPoints: { web: { port: 0 }, ops: { port: 0 } } }
  const { log } = createTestLog()
  const router = createRouter({ staticFile: `${folder}/traefik.yml`, env, overrides, log })
  t.teardown(() => router.close())
  const { ports } = await router.listen()
  const metrics = await metricsOf(ports)
  check(t, metrics)
  t.match(metrics, /^traefik_service_server_up\{service="core@file",url="http:[^"]+"\} 1$/m)
  // Why it refused is its own to tell.
  await fetch(`http://127.0.0.1:${ports.web}/v1/core/a%2Fb`)
  const refused = await (await fetch(`http://127.0.0.1:${ports.ops}/metrics`)).text()
  t.match(refused, /^glimmr_router_refusals_total\{entrypoint="web",reason="encoded_character"\} 1$/m)
  t.match(dashboard, /sum by \(reason\) \(rate\(glimmr_router_refusals_total\{entrypoint=/)
})

/** What a query over the log of one finds in the log of the other. */
const sameInBoth = [
  'ClientUsername',
  'DownstreamContentSize',
  'DownstreamStatus',
  'RequestContentSize',
  'RequestHost',
  'RequestMethod',
  'RequestPath',
  'RequestProtocol',
  'RequestScheme',
  'RetryAttempts',
  'RouterName',
  'ServiceAddr',
  'ServiceName',
  'ServiceURL',
  'entryPointName',
  'request_X-Request-Id',
]
const alsoThere = ['ClientPort', 'Duration', 'RequestAddr', 'RequestPort']

async function askOnce(port: number | undefined): Promise<void> {
  const answer = await fetch(`http://127.0.0.1:${port}/v1/core/health?q=secret`, {
    headers: { 'x-request-id': 'line-1' },
  })
  await answer.text()
}

function checkLine(t: Test, line: Record<string, unknown>, expected: Record<string, unknown>): void {
  for (const name of sameInBoth) t.same(line[name], expected[name], name)
  for (const name of alsoThere) t.ok(name in line, name)
  t.notMatch(JSON.stringify(line), /secret/)
}

const binary = findTraefik(process.env)
t.test(
  'and so does the real Traefik',
  { skip: binary ? false : 'SKIPPED: no Traefik here: scripts/build-traefik.sh builds it where there is Go' },
  async t => {
    const echo = await startEcho()
    t.teardown(() => echo.close())
    const env = { CORE_URL: echo.url, LINKS_URL: echo.url, AUTH_URL: echo.url }
    const traefik = await startTraefik({ binary: String(binary), folder, env })
    t.teardown(() => traefik.close())
    check(t, await metricsOf(traefik.ports))
  },
)

t.test('lines of the access log have the same names, and the same in them', async t => {
  const echo = await startEcho()
  t.teardown(() => echo.close())
  const env = { CORE_URL: echo.url, LINKS_URL: echo.url, AUTH_URL: echo.url }
  const { log, lines } = createTestLog()
  const overrides = { entryPoints: { web: { port: 0, host: '127.0.0.1' }, ops: false as const } }
  const router = createRouter({ staticFile: `${folder}/traefik.yml`, env, overrides, log })
  t.teardown(() => router.close())
  const { ports } = await router.listen()
  await askOnce(ports.web)
  const ours = lines.find(({ message }) => message === 'request')?.fields ?? {}
  const expected = {
    ClientUsername: undefined,
    DownstreamContentSize: ours.DownstreamContentSize,
    DownstreamStatus: 200,
    RequestContentSize: 0,
    RequestHost: '127.0.0.1',
    RequestMethod: 'GET',
    RequestPath: '/v1/core/health',
    RequestProtocol: 'HTTP/1.1',
    RequestScheme: 'http',
    RetryAttempts: 0,
    RouterName: 'core-public@file',
    ServiceAddr: new URL(echo.url).host,
    ServiceName: 'core@file',
    ServiceURL: echo.url,
    entryPointName: 'web',
    'request_X-Request-Id': 'line-1',
  }
  checkLine(t, ours, expected)
  if (!binary) return t.comment('SKIPPED: no Traefik here')
  const traefik = await startTraefik({ binary, folder, env })
  t.teardown(() => traefik.close())
  await askOnce(traefik.ports.web)
  const written = () =>
    traefik
      .log()
      .split('\n')
      .find(line => line.includes('"line-1"'))
  while (!written()) await new Promise(resolve => setTimeout(resolve, 10))
  const theirs: Record<string, unknown> = JSON.parse(String(written()))
  checkLine(t, theirs, {
    ...expected,
    // Traefik's word for nobody; and its echo of the headers is longer.
    ClientUsername: '-',
    DownstreamContentSize: theirs.DownstreamContentSize,
  })
})
