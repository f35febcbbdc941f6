/** The router's server span, made by hand: with telemetry off, or the caller not sampled, nothing is spent on it. */
import { parseTraceparent, startSpan, telemetryOn, traceparentOf } from '@glimmr/lib/telemetry'
import type { Exchange } from '../request/exchange.ts'
import { firstValue } from '../request/headers.ts'
import type { RefusalReason } from '../request/refusals.ts'

/**
 * Sets the exchange's trace id and the traceparent that goes on to the service. Where the static file has `tracing`, a
 * request without one gets one here as it would from Traefik, so that the log lines of one request share a trace id
 * even when no spans are made.
 */
export function traceExchange(exchange: Exchange, path: string, tracing: boolean): void {
  const parent = parseTraceparent(firstValue(exchange.headers, 'traceparent'))
  exchange.traceId = parent?.traceId
  if (!parent && !telemetryOn && tracing) nameTrace(exchange)
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
  // Left out by the sampler: its flag goes on, and nobody reads the rest.
  if (!span.isRecording()) return
  exchange.response.once('close', () => {
    // A span that is never ended is never sent.
    if (exchange.observability?.tracing === false) return
    span.setAttribute('http.response.status_code', exchange.response.statusCode)
    if (exchange.router) span.setAttribute('traefik.router.name', exchange.router)
    if (exchange.service) span.setAttribute('traefik.service.name', exchange.service)
    if (exchange.refusal && exchange.response.statusCode >= 400)
      span.addEvent('router.refused', { reason: exchange.refusal })
    if (exchange.response.statusCode >= 500) span.setStatus({ code: 2 })
    span.end()
  })
}

/** What the parser would not read has no trace to belong to: a span of its own. */
export function traceUnread(entryPoint: string, status: number, reason: RefusalReason): void {
  if (!telemetryOn) return
  const attributes = { entry_point: entryPoint, 'http.response.status_code': status }
  const span = startSpan('unread request', { kind: 'server', attributes })
  span.addEvent('router.refused', { reason })
  span.end()
}

// Unlike, but no secret: random bytes from the system cost a request a quarter of a microsecond.
const words = new Uint32Array(6)
const bytes = Buffer.from(words.buffer)

function traceIds(): string {
  for (let index = 0; index < words.length; index++) words[index] = Math.random() * 2 ** 32
  return bytes.toString('hex')
}

/** Not sampled: no span stands behind it. */
function nameTrace(exchange: Exchange): void {
  const ids = traceIds()
  exchange.traceId = ids.slice(0, 32)
  exchange.headers.traceparent = `00-${exchange.traceId}-${ids.slice(32)}-00`
}
