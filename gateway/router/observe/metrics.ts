/**
 * Traefik's metrics under Traefik's names, so that one dashboard serves both.
 * https://doc.traefik.io/traefik/reference/install-configuration/observability/metrics/
 */
import type { X509Certificate } from 'node:crypto'
import type { StaticConfiguration } from '../configuration/static.ts'
import type { RefusalReason } from '../request/refusals.ts'
import type { TlsNames } from './tls-names.ts'
import { createTlsRequests, type TlsLevel } from './tls-requests.ts'

export type Outcome = {
  entryPoint: string
  router: string | undefined
  service: string | undefined
  method: string
  protocol: 'http' | 'websocket' | 'sse'
  status: number
  seconds: number
  requestBytes: number
  responseBytes: number
  tls: TlsNames | undefined
}

export type RouterMetrics = {
  count(outcome: Outcome): void
  countRetry(service: string): void
  /** Ours, beside Traefik's: what the router answered by itself, and why. */
  refused(entryPoint: string, reason: RefusalReason): void
  reloaded(success: boolean): void
  serverState(service: string, url: string, up: boolean): void
  /**
   * Before another configuration says which servers and certificates it has: those of the last one are no longer reported.
   * What this gives takes it back, for a configuration that turns out broken.
   */
  forgetConfiguration(): () => void
  openConnections(entryPoint: string, open: number): void
  /** When each certificate in use ends. */
  certificates(certificates: readonly { x509: X509Certificate }[]): void
  /** Prometheus text, version 0.0.4. */
  text(): string
}

type PrometheusOptions = NonNullable<NonNullable<StaticConfiguration['metrics']>['prometheus']>
type Series = {
  labels: string
  count: number
  sum: number
  buckets: number[]
  requestBytes: number
  responseBytes: number
}
type Level = { prefix: string; what: string; series: Map<string, Series> }

const protocols = ['http', 'websocket', 'sse']
const methods = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'CONNECT', 'OPTIONS', 'TRACE', 'PRI']

/** `options`: of metrics.prometheus; undefined makes a registry that counts nothing. */
export function createRouterMetrics(options: PrometheusOptions | undefined): RouterMetrics {
  const level = (on: boolean | undefined, prefix: string, what: string): Level | undefined =>
    on ? { prefix, what, series: new Map() } : undefined
  const entryPoints = level(options?.addEntryPointsLabels, 'traefik_entrypoint', 'an entrypoint')
  const routers = level(options?.addRoutersLabels, 'traefik_router', 'a router')
  const services = level(options?.addServicesLabels, 'traefik_service', 'a service')
  const owners: [Level | undefined, TlsLevel['labels']][] = [
    [entryPoints, ({ entryPoint }) => `entrypoint="${entryPoint}"`],
    [routers, ({ router, service }) => router && service && `router="${router}",service="${service}"`],
    [services, ({ service }) => service && `service="${service}"`],
  ]
  const overTls = createTlsRequests(
    owners.flatMap(([level, labels]) => (level ? [{ ...level, labels }] : [])),
  )
  const bounds = options?.buckets ?? []
  const gauges = new Map<string, number>()
  const servers = new Map<string, number>()
  const retries = new Map<string, number>()
  const refusals = new Map<string, number>()
  const notAfter = new Map<string, number>()
  let reloads = 0

  const seriesOf = remembered(outcome => {
    const { status, protocol, method } = outcome
    const said = `code="${status}",method="${methodLabel(method)}",protocol="${protocol}"`
    const found: Series[] = []
    for (const [level, labels] of owners) {
      const owner = labels(outcome)
      if (level && owner) found.push(findSeries(level, `${said},${owner}`, bounds))
    }
    return found
  })

  return {
    count(outcome) {
      for (const series of seriesOf(outcome)) record(series, outcome, bounds)
      if (outcome.tls) overTls.count(outcome, outcome.tls)
    },
    countRetry: service => void retries.set(service, (retries.get(service) ?? 0) + 1),
    refused(entryPoint, reason) {
      const labels = `entrypoint="${entryPoint}",reason="${reason}"`
      refusals.set(labels, (refusals.get(labels) ?? 0) + 1)
    },
    reloaded(success) {
      reloads++
      if (success) gauges.set('traefik_config_last_reload_success', Math.floor(Date.now() / 1000))
    },
    serverState: (service, url, up) => void servers.set(`service="${service}",url="${url}"`, up ? 1 : 0),
    forgetConfiguration() {
      const before = [new Map(servers), new Map(notAfter)] as const
      servers.clear()
      return () => {
        for (const [index, map] of [servers, notAfter].entries()) {
          map.clear()
          for (const [labels, value] of before[index] ?? []) map.set(labels, value)
        }
      }
    },
    openConnections: (entryPoint, open) =>
      void gauges.set(`traefik_open_connections{entrypoint="${entryPoint}",protocol="TCP"}`, open),
    certificates(used) {
      notAfter.clear()
      for (const { x509 } of used) notAfter.set(...certificateSeries(x509))
    },
    text() {
      const lines = [
        '# HELP traefik_config_reloads_total Config reloads',
        '# TYPE traefik_config_reloads_total counter',
        `traefik_config_reloads_total ${reloads}`,
      ]
      for (const name of ['traefik_config_last_reload_success', 'traefik_open_connections']) {
        const found = [...gauges].filter(([key]) => key === name || key.startsWith(`${name}{`))
        if (found.length > 0)
          lines.push(`# TYPE ${name} gauge`, ...found.map(([key, value]) => `${key} ${value}`))
      }
      for (const shown of [entryPoints, routers, services]) if (shown) lines.push(...levelText(shown, bounds))
      lines.push(...overTls.text())
      lines.push(
        ...plainText(
          'traefik_service_retries_total',
          'counter',
          [...retries].map(([name, value]) => [`service="${name}"`, value]),
        ),
      )
      lines.push(...plainText('glimmr_router_refusals_total', 'counter', [...refusals]))
      lines.push(...plainText('traefik_tls_certs_not_after', 'gauge', [...notAfter]))
      lines.push(...plainText('traefik_service_server_up', 'gauge', [...servers]))
      return `${lines.join('\n')}\n`
    },
  }
}

// Clients choose methods: what is none of HTTP's is counted as one.
function methodLabel(method: string): string {
  return methods.includes(method) ? method : 'EXTENSION_METHOD'
}

/** Outcomes of one kind have the same series: labels are written once for each kind, not for each request. */
function remembered(make: (outcome: Outcome) => Series[]): (outcome: Outcome) => Series[] {
  type Names<Below> = Map<string | undefined, Below>
  const known: Names<Names<Names<Map<number, Series[]>>>> = new Map()
  return outcome => {
    const { entryPoint, router, service, status, method, protocol } = outcome
    const byRouter = nested(known, entryPoint, () => new Map())
    const byService = nested(byRouter, router, () => new Map())
    const byKind = nested(byService, service, () => new Map())
    const kind = (status * 16 + methods.indexOf(method) + 1) * 3 + protocols.indexOf(protocol)
    return nested(byKind, kind, () => make(outcome))
  }
}

function nested<Key, Value>(map: Map<Key, Value>, key: Key, make: () => Value): Value {
  const known = map.get(key)
  if (known !== undefined) return known
  const made = make()
  map.set(key, made)
  return made
}

function findSeries({ series }: Level, labels: string, bounds: readonly number[]): Series {
  return nested(series, labels, () => ({
    labels,
    count: 0,
    sum: 0,
    buckets: bounds.map(() => 0),
    requestBytes: 0,
    responseBytes: 0,
  }))
}

function record(series: Series, outcome: Outcome, bounds: readonly number[]): void {
  series.count++
  series.sum += outcome.seconds
  series.requestBytes += outcome.requestBytes
  series.responseBytes += outcome.responseBytes
  for (let index = 0; index < bounds.length; index++)
    if (outcome.seconds <= (bounds[index] ?? 0)) series.buckets[index] = (series.buckets[index] ?? 0) + 1
}

function levelText({ prefix, what, series }: Level, bounds: readonly number[]): string[] {
  const all = [...series.values()]
  const counter = (name: string, help: string, value: (one: Series) => number) => [
    `# HELP ${prefix}_${name} ${help}`,
    `# TYPE ${prefix}_${name} counter`,
    ...all.map(one => `${prefix}_${name}{${one.labels}} ${value(one)}`),
  ]
  if (all.length === 0) return []
  const duration = `${prefix}_request_duration_seconds`
  return [
    ...counter(
      'requests_total',
      `How many HTTP requests processed on ${what}, partitioned by status code, protocol, and method.`,
      one => one.count,
    ),
    ...counter(
      'requests_bytes_total',
      `The total size of requests in bytes handled by ${what}.`,
      one => one.requestBytes,
    ),
    ...counter(
      'responses_bytes_total',
      `The total size of responses in bytes handled by ${what}.`,
      one => one.responseBytes,
    ),
    `# HELP ${duration} How long it took to process the request on ${what}, partitioned by status code, protocol, and method.`,
    `# TYPE ${duration} histogram`,
    ...all.flatMap(one => [
      ...bounds.map(
        (bound, index) => `${duration}_bucket{${one.labels},le="${bound}"} ${one.buckets[index]}`,
      ),
      `${duration}_bucket{${one.labels},le="+Inf"} ${one.count}`,
      `${duration}_sum{${one.labels}} ${one.sum}`,
      `${duration}_count{${one.labels}} ${one.count}`,
    ]),
  ]
}

function certificateSeries({
  subject,
  subjectAltName,
  serialNumber,
  validTo,
}: X509Certificate): [string, number] {
  const quoted = (value: string) => JSON.stringify(value).slice(1, -1)
  const name = /^CN=(.+)$/m.exec(subject ?? '')?.[1] ?? ''
  const sans = (subjectAltName ?? '').replaceAll(/DNS:|IP Address:/g, '').replaceAll(', ', ',')
  const serial = BigInt(`0x${serialNumber}`)
  return [`cn="${quoted(name)}",sans="${quoted(sans)}",serial="${serial}"`, Date.parse(validTo) / 1000]
}

function plainText(name: string, type: string, values: [string, number][]): string[] {
  return values.length === 0
    ? []
    : [`# TYPE ${name} ${type}`, ...values.map(([labels, value]) => `${name}{${labels}} ${value}`)]
}
