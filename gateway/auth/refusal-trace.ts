/** Why a request was refused, in its trace. */
import {
  currentTraceparent,
  parseTraceparent,
  spanEvent,
  startSpan,
  telemetryOn,
} from '@glimmr/lib/telemetry'
import type { RefusalReason } from './refusals.ts'

/**
 * An event on the span that is current (a question over HTTP has its own); for a question by a plain call, where none is,
 * a short span under `traceparent`, that of the router. Nothing for a trace that is not sampled.
 */
export function traceRefusal(reason: RefusalReason, traceparent: string | string[] | undefined): void {
  if (!telemetryOn) return
  if (currentTraceparent()) {
    spanEvent('auth.refused', { reason })
    return
  }
  const parent = typeof traceparent === 'string' ? traceparent : undefined
  if (((parseTraceparent(parent)?.traceFlags ?? 0) & 1) === 0) return
  const span = startSpan('auth.verify', { parent, attributes: { 'auth.refused': reason } })
  span.addEvent('auth.refused', { reason })
  span.end()
}
