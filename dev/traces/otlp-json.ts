/** Spans as OTLP over HTTP sends them in its JSON form (https://opentelemetry.io/docs/specs/otlp/#otlphttp). */
import { z } from 'zod'

const value: z.ZodType<unknown> = z.lazy(() =>
  z
    .object({
      stringValue: z.string(),
      boolValue: z.boolean(),
      intValue: z.union([z.string(), z.number()]),
      doubleValue: z.number(),
      bytesValue: z.string(),
      arrayValue: z.object({ values: z.array(value).default([]) }),
    })
    .partial()
    .transform(one => {
      const { arrayValue, ...scalar } = one
      return arrayValue ? arrayValue.values : Object.values(scalar)[0]
    }),
)

const attributes = z
  .array(z.object({ key: z.string(), value }))
  .default([])
  .transform(list => Object.fromEntries(list.map(one => [one.key, one.value])))

const nanoseconds = z.union([z.string(), z.number()]).transform(text => Number(BigInt(text) / 1000n) / 1000)

const span = z.object({
  traceId: z.string().regex(/^[0-9a-f]{32}$/i),
  spanId: z.string().regex(/^[0-9a-f]{16}$/i),
  parentSpanId: z.string().optional(),
  name: z.string(),
  kind: z.number().default(0),
  startTimeUnixNano: nanoseconds,
  endTimeUnixNano: nanoseconds,
  attributes,
  events: z
    .array(z.object({ name: z.string().default(''), timeUnixNano: nanoseconds, attributes }))
    .default([]),
  links: z.array(z.object({ traceId: z.string(), spanId: z.string() })).default([]),
  status: z
    .object({ code: z.number().default(0), message: z.string().default('') })
    .partial()
    .default({}),
})

const request = z.object({
  resourceSpans: z.array(
    z.object({
      resource: z.object({ attributes }).default({ attributes: {} }),
      scopeSpans: z.array(z.object({ spans: z.array(span) })),
    }),
  ),
})

export type Span = {
  traceId: string
  spanId: string
  parentSpanId: string | undefined
  name: string
  service: string
  /** Milliseconds since 1970, with microseconds behind the point. */
  startMs: number
  endMs: number
  failed: boolean
  attributes: Record<string, unknown>
  events: { name: string; timeMs: number; attributes: Record<string, unknown> }[]
  links: { traceId: string; spanId: string }[]
}

/** Throws a ZodError for what isn't an export request. */
export function readSpans(body: unknown): Span[] {
  return request.parse(body).resourceSpans.flatMap(({ resource, scopeSpans }) =>
    scopeSpans.flatMap(({ spans }) =>
      spans.map(one => ({
        traceId: one.traceId,
        spanId: one.spanId,
        parentSpanId: one.parentSpanId || undefined,
        name: one.name,
        service: String(resource.attributes['service.name'] ?? 'unknown'),
        startMs: one.startTimeUnixNano,
        endMs: one.endTimeUnixNano,
        failed: one.status.code === 2,
        attributes: one.attributes,
        events: one.events.map(event => ({
          name: event.name,
          timeMs: event.timeUnixNano,
          attributes: event.attributes,
        })),
        links: one.links,
      })),
    ),
  )
}
