/** A server span for each request, current while its handler runs, and the trace id that logs and problems show. */

import { type SpanContext, SpanStatusCode, TraceFlags } from '@opentelemetry/api'
import type { FastifyInstance } from 'fastify'
import { parseTraceparent, startSpan, telemetryOn, traceparentOf, withCaller, withSpan } from './telemetry.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** Of the trace this request belongs to; without telemetry, of the caller's traceparent. */
    traceId: string | undefined
    /** Where that trace has got to. */
    traceContext: SpanContext | undefined
    /** The same, to store with work that goes on after the answer. */
    readonly traceparent: string | undefined
  }
}

export function traceRequests(app: FastifyInstance): void {
  app.decorateRequest('traceId', undefined)
  app.decorateRequest('traceContext', undefined)
  // Written when somebody asks for it, which is seldom.
  app.decorateRequest('traceparent', {
    getter() {
      return this.traceContext && traceparentOf(this.traceContext)
    },
  })
  app.addHook('onRequest', (request, reply, done) => {
    const header = request.headers.traceparent
    const parent = parseTraceparent(typeof header === 'string' ? header : undefined)
    if (!telemetryOn) {
      request.traceId = parent?.traceId
      request.traceContext = parent
      return done()
    }
    // Who does not sample says so for everything below: the decision goes on, a span would be made to be thrown away.
    if (parent && (parent.traceFlags & TraceFlags.SAMPLED) === 0) {
      request.traceId = parent.traceId
      request.traceContext = parent
      return withCaller(parent, done)
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
    request.traceContext = span.spanContext()
    // Also when the client goes away before the answer is complete.
    if (span.isRecording())
      reply.raw.once('close', () => {
        span.setAttribute('http.response.status_code', reply.statusCode)
        if (reply.statusCode >= 500) span.setStatus({ code: SpanStatusCode.ERROR })
        span.end()
      })
    withSpan(span, done)
  })
}
