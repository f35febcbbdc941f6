/** A server span for each request, current while its handler runs, and the trace id that logs and problems show. */

import { SpanStatusCode } from '@opentelemetry/api'
import type { FastifyInstance } from 'fastify'
import { parseTraceparent, startSpan, telemetryOn, traceparentOf, withSpan } from './telemetry.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** Of the trace this request belongs to; without telemetry, of the caller's traceparent. */
    traceId: string | undefined
    /** To store with work that goes on after the answer. */
    traceparent: string | undefined
  }
}

export function traceRequests(app: FastifyInstance): void {
  app.decorateRequest('traceId', undefined)
  app.decorateRequest('traceparent', undefined)
  app.addHook('onRequest', (request, reply, done) => {
    const header = request.headers.traceparent
    const parent = parseTraceparent(typeof header === 'string' ? header : undefined)
    if (!telemetryOn) {
      request.traceId = parent?.traceId
      request.traceparent = parent && traceparentOf(parent)
      return done()
    }
    const span = startSpan(`${request.method} ${request.routeOptions.url ?? 'none'}`, {
      kind: 'server',
      parent: parent && traceparentOf(parent),
      attributes: {
        'http.request.method': request.method,
        'http.route': request.routeOptions.url ?? 'none',
        'url.path': request.url.split('?', 1)[0] ?? '',
        'glimmr.request_id': request.id,
      },
    })
    request.traceId = span.spanContext().traceId
    request.traceparent = traceparentOf(span.spanContext())
    // Also when the client goes away before the answer is complete.
    reply.raw.once('close', () => {
      span.setAttribute('http.response.status_code', reply.statusCode)
      if (reply.statusCode >= 500) span.setStatus({ code: SpanStatusCode.ERROR })
      span.end()
    })
    withSpan(span, done)
  })
}
