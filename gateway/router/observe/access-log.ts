/**
 * One line per request: the platform's own fields, and beside them Traefik's under Traefik's names.
 * https://doc.traefik.io/traefik/reference/install-configuration/observability/logs-and-accesslogs/
 */
import { createRequestLines } from '@glimmr/lib/request-lines'
import type { StaticConfiguration } from '../configuration/static.ts'
import { statusRanges } from '../configuration/values.ts'
import type { Log } from '../middlewares/kind.ts'
import { splitHostPort } from '../request/addresses.ts'
import type { Exchange } from '../request/exchange.ts'
import { canonicalName } from '../request/headers.ts'
import { receivedBytes } from '../request/replay.ts'
import { tlsNames } from './tls-names.ts'

export type AccessLog = (exchange: Exchange, path: string, ms: number) => void

/** `options`: the static file's accessLog; undefined logs nothing. */
export function createAccessLog(options: StaticConfiguration['accessLog'], log: Log): AccessLog {
  if (!options) return () => {}
  const { filters, fields } = options
  const wantedStatus =
    filters && filters.statusCodes.length > 0 ? statusRanges.parse(filters.statusCodes) : undefined
  const keeps = (name: string) => (fields?.names[name] ?? fields?.defaultMode ?? 'keep') === 'keep'
  const dropped = fieldNames.filter(name => !keeps(name))
  const saysAddress = keeps('ClientAddr')
  const wantedHeaders = headerFields(fields?.headers)
  const write = createRequestLines(log, 'request')
  const ofRoute = rememberedRoutes(keeps)
  const filtered =
    filters !== undefined && (wantedStatus !== undefined || filters.retryAttempts || filters.minDuration > 0)
  return (exchange, path, ms) => {
    const status = exchange.response.statusCode
    if (
      filtered &&
      !wantedStatus?.(status) &&
      !(filters.retryAttempts && exchange.retries > 0) &&
      !(filters.minDuration > 0 && ms >= filters.minDuration)
    )
      return
    const line: Line = lineOf(exchange, path, ms, saysAddress)
    if (exchange.refusal !== undefined && status >= 400) line.refused = exchange.refusal
    for (const name of dropped) line[name] = undefined
    wantedHeaders?.(exchange, line)
    write(line, ofRoute(exchange))
  }
}

/** What is undefined is not written. */
type Line = Record<string, unknown>

const fieldNames = [
  'ClientAddr',
  'ClientHost',
  'ClientPort',
  'ClientUsername',
  'DownstreamContentSize',
  'DownstreamStatus',
  'Duration',
  'RequestAddr',
  'RequestContentSize',
  'RequestHost',
  'RequestMethod',
  'RequestPath',
  'RequestPort',
  'RequestProtocol',
  'RequestScheme',
  'RetryAttempts',
  'RouterName',
  'ServiceAddr',
  'ServiceName',
  'ServiceURL',
  'TLSCipher',
  'TLSVersion',
  'entryPointName',
] as const

/** What differs from request to request. One literal, so that all lines have one shape. */
function lineOf(exchange: Exchange, path: string, ms: number, saysAddress: boolean) {
  const { request, response, client } = exchange
  const tls = exchange.secure ? tlsNames(request.socket) : undefined
  return {
    method: exchange.method,
    // Without the query: it may hold what people search for.
    path,
    status: response.statusCode,
    duration_ms: Math.round(ms * 100) / 100,
    request_id: exchange.requestId,
    trace_id: exchange.traceId,
    ClientAddr: saysAddress ? `${client.address}:${client.port}` : undefined,
    ClientHost: client.address,
    ClientPort: client.port,
    ClientUsername: exchange.userName,
    DownstreamContentSize: response.bodyBytes,
    DownstreamStatus: response.statusCode,
    Duration: Math.round(ms * 1e6),
    RequestContentSize: receivedBytes(exchange),
    RequestPath: path,
    RetryAttempts: exchange.retries,
    TLSCipher: tls?.cipher,
    TLSVersion: tls?.version,
  } satisfies Partial<Record<(typeof fieldNames)[number], unknown>> & Line
}

/** What a route's requests have in common. */
function routeFields({ request, host, secure, serverUrl, method, ...exchange }: Exchange) {
  const { name, port } = host.includes(':') ? splitHostPort(host) : { name: host, port: undefined }
  return {
    RequestAddr: host,
    RequestHost: name,
    RequestMethod: method,
    RequestPort: port ?? '-',
    RequestProtocol: `HTTP/${request.httpVersion}`,
    RequestScheme: secure ? 'https' : 'http',
    RouterName: exchange.router,
    ServiceName: exchange.service,
    ServiceAddr: serverUrl?.slice(serverUrl.indexOf('//') + 2),
    ServiceURL: serverUrl,
    entryPointName: exchange.entryPoint,
  } satisfies Partial<Record<(typeof fieldNames)[number], unknown>>
}

type Route = Pick<Exchange, 'host' | 'method' | 'secure' | 'service' | 'serverUrl' | 'entryPoint'>

/** These as JSON, made again only when they are not those of the router's last request. */
function rememberedRoutes(keeps: (name: string) => boolean): (exchange: Exchange) => string {
  const last = new Map<string | undefined, { route: Route; version: string; text: string }>()
  return exchange => {
    const { router, host, method, secure, service, serverUrl, entryPoint } = exchange
    const version = exchange.request.httpVersion
    const before = last.get(router)
    if (before?.version === version && isSame(before.route, exchange)) return before.text
    const kept = Object.entries(routeFields(exchange)).filter(([name]) => keeps(name))
    const text = JSON.stringify(Object.fromEntries(kept))
    last.set(router, { route: { host, method, secure, service, serverUrl, entryPoint }, version, text })
    return text
  }
}

function isSame(one: Route, other: Route): boolean {
  return (
    one.host === other.host &&
    one.method === other.method &&
    one.secure === other.secure &&
    one.service === other.service &&
    one.serverUrl === other.serverUrl &&
    one.entryPoint === other.entryPoint
  )
}

type HeaderOptions = NonNullable<NonNullable<StaticConfiguration['accessLog']>['fields']>['headers']

/** `request_User-Agent`, `downstream_Content-Type`: by name, or all but those that are dropped. */
function headerFields(options: HeaderOptions): ((exchange: Exchange, line: Line) => void) | undefined {
  if (!options) return undefined
  const { defaultMode } = options
  const named = Object.entries(options.names).map(([name, mode]) => headerField(name.toLowerCase(), mode))
  const wanted = named.filter(({ mode }) => mode !== 'drop')
  const put = (line: Line, field: string, mode: string, value: unknown) => {
    if (value !== undefined) line[field] = mode === 'redact' ? 'REDACTED' : String(value)
  }
  const byName = ({ headers, response }: Exchange, line: Line) => {
    for (const { name, mode, inRequest, downstream } of wanted) {
      put(line, inRequest, mode, headers[name])
      put(line, downstream, mode, response.sentHeader(name))
    }
  }
  if (defaultMode === 'drop') return wanted.length > 0 ? byName : undefined
  const known = new Set(named.map(({ name }) => name))
  const others = (names: readonly string[]) => names.filter(name => !known.has(name))
  return (exchange, line) => {
    const { headers, response } = exchange
    for (const name of others(Object.keys(headers)))
      put(line, headerField(name, defaultMode).inRequest, defaultMode, headers[name])
    for (const name of others(response.sentHeaderNames))
      put(line, headerField(name, defaultMode).downstream, defaultMode, response.sentHeader(name))
    byName(exchange, line)
  }
}

function headerField<Mode extends string>(name: string, mode: Mode) {
  const shown = canonicalName(name)
  return { name, mode, inRequest: `request_${shown}`, downstream: `downstream_${shown}` }
}
