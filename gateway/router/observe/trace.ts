/** The router's server span, made by hand: with telemetry off, or the caller not sampled, nothing is spent on it. */
import { parseTraceparent, startSpan, telemetryOn, traceparentOf } from '@glimmr/lib/telemetry'
import type { Exchange } from '../request/exchange.ts'
import { firstValue } from '../request/headers.ts'

/** Sets the exchange's trace id and, with telemetry on, the traceparent that goes on to the service. */
export function traceExchange(exchange: Exchange, path: string): void {
  const parent = parseTraceparent(firstValue(exchange.headers, 'traceparent'))
  exchange.traceId = parent?.traceId
  if (!telemetryOn || (parent && (parent.traceFlags & 1) === 0)) return
  const span = startSpan(exchange.method, {
    kind: 'server',
    parent: parent && traceparentOf(parent),
    attributes: {
      'http.request.method': exchange.method,
      'url.path': path,
      'server.address': exchange.host,
      entry_point: exchange.entryPoint,
      'glimmr.request_id': exchange.requestId,
    },
  })
  exchange.traceId = span.spanContext().traceId
  exchange.headers.traceparent = traceparentOf(span.spanContext())
  exchange.response.once('close', () => {
    span.setAttribute('http.response.status_code', exchange.response.statusCode)
    if (exchange.router) span.setAttribute('traefik.router.name', exchange.router)
    if (exchange.service) span.setAttribute('traefik.service.name', exchange.service)
    if (exchange.response.statusCode >= 500) span.setStatus({ code: 2 })
    span.end()
  })
}
