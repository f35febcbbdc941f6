/**
 * OpenTelemetry, imported before anything else by every main.ts. Off, and at no cost, unless
 * OTEL_EXPORTER_OTLP_ENDPOINT is set; then spans leave by OTLP over HTTP as the standard OTEL_* variables say.
 *
 * Server spans are made by hand (server.ts, the router): the http instrumentation alone costs more than most of our
 * handlers, sampled or not. Outgoing HTTP (undici, the AWS SDK) and pg are instrumented.
 */
import { createRequire } from 'node:module'
import {
  type Attributes,
  context,
  isSpanContextValid,
  propagation,
  ROOT_CONTEXT,
  type Span,
  type SpanContext,
  SpanKind,
  SpanStatusCode,
  trace,
} from '@opentelemetry/api'

/** Whether spans are made at all: check it before any work that only serves tracing. */
export const telemetryOn = Boolean(process.env.OTEL_EXPORTER_OTLP_ENDPOINT)

const stop = telemetryOn ? await start() : async () => {}

/** Sends what is left. Called last, once. */
export const stopTelemetry = (): Promise<void> => stop()

async function start(): Promise<() => Promise<void>> {
  process.env.OTEL_SERVICE_NAME ??= 'glimmr'
  // Metrics leave by /metrics and logs by standard output.
  process.env.OTEL_METRICS_EXPORTER ??= 'none'
  process.env.OTEL_LOGS_EXPORTER ??= 'none'
  process.env.OTEL_EXPORTER_OTLP_PROTOCOL ??= 'http/protobuf'
  process.env.OTEL_NODE_RESOURCE_DETECTORS ??= 'env,process'
  // One file of 2 M rows is a handful of spans, but a busy gateway ends thousands in a second.
  process.env.OTEL_BSP_MAX_QUEUE_SIZE ??= '16384'
  const [{ NodeSDK }, { getNodeAutoInstrumentations }] = await Promise.all([
    import('@opentelemetry/sdk-node'),
    import('@opentelemetry/auto-instrumentations-node'),
  ])
  process.env.OTEL_NODE_ENABLED_INSTRUMENTATIONS ??= 'http,undici,pg'
  const instrumentations = getNodeAutoInstrumentations({
    '@opentelemetry/instrumentation-http': {
      // Not ignoreIncomingRequestHook: what it ignores it suppresses, with every span below.
      disableIncomingRequestInstrumentation: true,
      requireParentforOutgoingSpans: true,
    },
    '@opentelemetry/instrumentation-undici': { requireParentforSpans: true },
    '@opentelemetry/instrumentation-pg': { requireParentSpan: true },
  })
  const sdk = new NodeSDK({ instrumentations })
  sdk.start()
  // pg is patched when it is *required*; our ES imports of it, evaluated after this, get the same patched classes.
  createRequire(import.meta.url)('pg')
  return () => sdk.shutdown()
}

const tracer = trace.getTracer('glimmr')

export type SpanOptions = {
  /** W3C traceparent to go on from, instead of the span that is current. */
  parent?: string | undefined
  /** Traceparents of other traces this work belongs to as well. */
  links?: (string | undefined)[]
  kind?: 'server' | 'client' | 'producer' | 'consumer' | 'internal'
  attributes?: Attributes
}

const kinds = {
  server: SpanKind.SERVER,
  client: SpanKind.CLIENT,
  producer: SpanKind.PRODUCER,
  consumer: SpanKind.CONSUMER,
  internal: SpanKind.INTERNAL,
}

/** Runs `work` inside a span that is current for all it calls; an error is recorded and goes on. */
export async function inSpan<Result>(
  name: string,
  options: SpanOptions,
  work: (span: Span | undefined) => Promise<Result>,
): Promise<Result> {
  if (!telemetryOn) return work(undefined)
  const span = startSpan(name, options)
  try {
    return await context.with(trace.setSpan(context.active(), span), () => work(span))
  } catch (error) {
    span.recordException(error instanceof Error ? error : String(error))
    span.setStatus({ code: SpanStatusCode.ERROR, ...(error instanceof Error && { message: error.message }) })
    throw error
  } finally {
    span.end()
  }
}

/** A span that the caller ends. For callbacks; `inSpan` elsewhere. */
export function startSpan(
  name: string,
  { parent, links = [], kind = 'internal', attributes = {} }: SpanOptions,
): Span {
  const from = parent ? propagation.extract(ROOT_CONTEXT, { traceparent: parent }) : context.active()
  const linked = links.flatMap(link => {
    const spanContext = parseTraceparent(link)
    return spanContext ? [{ context: spanContext }] : []
  })
  return tracer.startSpan(name, { kind: kinds[kind], attributes, links: linked }, from)
}

/** Calls `work` with `span` current. */
export function withSpan<Result>(span: Span, work: () => Result): Result {
  return context.with(trace.setSpan(context.active(), span), work)
}

/** Calls `work` as part of a trace that somebody else has begun: what it calls goes on from there, and nothing is made here. */
export function withCaller<Result>(caller: SpanContext, work: () => Result): Result {
  return withSpan(trace.wrapSpanContext(caller), work)
}

/** Marks a moment on the span that is current, if one is. */
export function spanEvent(name: string, attributes: Attributes): void {
  if (telemetryOn) trace.getActiveSpan()?.addEvent(name, attributes)
}

export function traceparentOf({ traceId, spanId, traceFlags }: SpanContext): string {
  return `00-${traceId}-${spanId}-0${traceFlags & 1}`
}

/** Of the span that is current, if one is. */
export function currentTraceparent(): string | undefined {
  if (!telemetryOn) return undefined
  const spanContext = trace.getActiveSpan()?.spanContext()
  return spanContext && isSpanContextValid(spanContext) ? traceparentOf(spanContext) : undefined
}

const traceparentForm = /^00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$/
const noTrace = '0'.repeat(32)
const noSpan = '0'.repeat(16)

/** undefined for anything that is not a valid version 00 traceparent (https://www.w3.org/TR/trace-context/). */
export function parseTraceparent(traceparent: string | undefined): SpanContext | undefined {
  if (traceparent?.length !== 55 || !traceparentForm.test(traceparent)) return undefined
  const traceId = traceparent.slice(3, 35)
  const spanId = traceparent.slice(36, 52)
  if (traceId === noTrace || spanId === noSpan) return undefined
  return { traceId, spanId, traceFlags: Number.parseInt(traceparent.slice(53), 16) & 1, isRemote: true }
}
