/**
 * One line per request: the platform's own fields, and beside them Traefik's under Traefik's names.
 * https://doc.traefik.io/traefik/reference/install-configuration/observability/logs-and-accesslogs/
 */
import type { StaticConfiguration } from '../configuration/static.ts'
import { statusRanges } from '../configuration/values.ts'
import type { Log } from '../middlewares/kind.ts'
import type { Exchange } from '../request/exchange.ts'

export type AccessLog = (exchange: Exchange, path: string, ms: number) => void

/** `options`: the static file's accessLog; undefined logs nothing. */
export function createAccessLog(options: StaticConfiguration['accessLog'], log: Log): AccessLog {
  if (!options) return () => {}
  const { filters, fields } = options
  const wantedStatus =
    filters && filters.statusCodes.length > 0 ? statusRanges.parse(filters.statusCodes) : undefined
  const keeps = (name: string) => (fields?.names[name] ?? fields?.defaultMode ?? 'keep') === 'keep'
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
    }
    for (const [name, value] of traefikFields(exchange, ms))
      if (value !== undefined && keeps(name)) line[name] = value
    log.info(line, 'request')
  }
}

function traefikFields(exchange: Exchange, ms: number): [string, unknown][] {
  return [
    ['ClientHost', exchange.client.address],
    ['ClientUsername', exchange.userName],
    ['DownstreamContentSize', exchange.response.bodyBytes],
    ['Duration', Math.round(ms * 1e6)],
    ['RequestHost', exchange.host],
    ['RetryAttempts', exchange.retries],
    ['RouterName', exchange.router],
    ['ServiceName', exchange.service],
    ['ServiceURL', exchange.serverUrl],
    ['entryPointName', exchange.entryPoint],
  ]
}
