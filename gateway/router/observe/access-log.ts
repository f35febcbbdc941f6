/**
 * One line per request: the platform's own fields, and beside them Traefik's under Traefik's names.
 * https://doc.traefik.io/traefik/reference/install-configuration/observability/logs-and-accesslogs/
 */
import type { Socket } from 'node:net'
import type { TLSSocket } from 'node:tls'
import type { StaticConfiguration } from '../configuration/static.ts'
import { statusRanges } from '../configuration/values.ts'
import type { Log } from '../middlewares/kind.ts'
import type { Exchange } from '../request/exchange.ts'
import { canonicalName } from '../request/headers.ts'

export type AccessLog = (exchange: Exchange, path: string, ms: number) => void

/** `options`: the static file's accessLog; undefined logs nothing. */
export function createAccessLog(options: StaticConfiguration['accessLog'], log: Log): AccessLog {
  if (!options) return () => {}
  const { filters, fields } = options
  const wantedStatus =
    filters && filters.statusCodes.length > 0 ? statusRanges.parse(filters.statusCodes) : undefined
  const keeps = (name: string) => (fields?.names[name] ?? fields?.defaultMode ?? 'keep') === 'keep'
  const kept = traefikFields.filter(([name]) => keeps(name))
  const wantedHeaders = headerFields(fields?.headers)
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
    const line: Record<string, unknown> = {
      method: exchange.method,
      // Without the query: it may hold what people search for.
      path,
      status,
      duration_ms: Math.round(ms * 100) / 100,
      request_id: exchange.requestId,
      trace_id: exchange.traceId,
      ...(exchange.refusal !== undefined && status >= 400 && { refused: exchange.refusal }),
    }
    for (const [name, read] of kept) {
      const value = read(exchange, ms)
      if (value !== undefined) line[name] = value
    }
    wantedHeaders?.(exchange, line)
    log.info(line, 'request')
  }
}

type Field = [name: string, read: (exchange: Exchange, ms: number) => unknown]

const traefikFields: Field[] = [
  ['ClientHost', ({ client }) => client.address],
  ['ClientPort', ({ client }) => client.port],
  ['ClientUsername', ({ userName }) => userName],
  ['DownstreamContentSize', ({ response }) => response.bodyBytes],
  ['DownstreamStatus', ({ response }) => response.statusCode],
  ['Duration', (_exchange, ms) => Math.round(ms * 1e6)],
  ['RequestHost', ({ host }) => host],
  ['RequestProtocol', ({ request }) => `HTTP/${request.httpVersion}`],
  ['RequestScheme', ({ secure }) => (secure ? 'https' : 'http')],
  ['RetryAttempts', ({ retries }) => retries],
  ['RouterName', ({ router }) => router],
  ['ServiceName', ({ service }) => service],
  ['ServiceURL', ({ serverUrl }) => serverUrl],
  [
    'TLSCipher',
    ({ secure, request }) => (secure ? (request.socket as TLSSocket).getCipher().standardName : undefined),
  ],
  ['TLSVersion', ({ secure, request }) => tlsVersion(secure, request.socket)],
  ['entryPointName', ({ entryPoint }) => entryPoint],
]

/** As Go calls it: `1.3`. */
function tlsVersion(secure: boolean, socket: Socket): string | undefined {
  return secure ? ((socket as TLSSocket).getProtocol() ?? '').replace('TLSv', '') : undefined
}

type HeaderOptions = NonNullable<NonNullable<StaticConfiguration['accessLog']>['fields']>['headers']

/** `request_User-Agent`, `downstream_Content-Type`: by name, or all but those that are dropped. */
function headerFields(
  options: HeaderOptions,
): ((exchange: Exchange, line: Record<string, unknown>) => void) | undefined {
  if (!options) return undefined
  const modes = new Map(Object.entries(options.names).map(([name, mode]) => [name.toLowerCase(), mode]))
  const { defaultMode } = options
  const all = defaultMode !== 'drop'
  const named = [...modes].filter(([, mode]) => mode !== 'drop').map(([name]) => name)
  if (!all && named.length === 0) return undefined
  const put = (line: Record<string, unknown>, side: string, name: string, value: unknown) => {
    const mode = modes.get(name) ?? defaultMode
    if (value === undefined || mode === 'drop') return
    line[`${side}_${canonicalName(name)}`] = mode === 'redact' ? 'REDACTED' : String(value)
  }
  return ({ headers, response }, line) => {
    for (const name of all ? Object.keys(headers) : named) put(line, 'request', name, headers[name])
    for (const name of all ? response.sentHeaderNames : named)
      put(line, 'downstream', name, response.sentHeader(name))
  }
}
