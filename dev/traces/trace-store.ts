/** The latest traces, in memory and bounded: the one that was touched longest ago goes first. */
import type { Span } from './otlp-json.ts'

export type Trace = { id: string; spans: Span[] /** Spans past the bound of one trace. */; dropped: number }

export type TraceStore = {
  add(spans: Span[]): void
  get(id: string): Trace | undefined
  /** Latest first. */
  list(): Trace[]
}

export function createTraceStore({
  traces = 2_000,
  spansPerTrace = 5_000,
  spans = 100_000,
} = {}): TraceStore {
  const byId = new Map<string, Trace>()
  let held = 0
  const dropOldest = () => {
    const [oldest] = byId.values()
    if (!oldest) return
    byId.delete(oldest.id)
    held -= oldest.spans.length
  }
  return {
    add(added) {
      for (const span of added) {
        const trace = byId.get(span.traceId) ?? { id: span.traceId, spans: [], dropped: 0 }
        byId.delete(trace.id) // and to the end: a Map keeps the order of insertion
        byId.set(trace.id, trace)
        if (trace.spans.length >= spansPerTrace) {
          trace.dropped++
        } else {
          trace.spans.push(span)
          held++
        }
      }
      while (byId.size > traces || held > spans) dropOldest()
    },
    get: id => byId.get(id),
    list: () => [...byId.values()].reverse(),
  }
}

export type Row = { span: Span; depth: number }

/** Parents before their children, each level by start. A span whose parent isn't here stands at the top. */
export function rowsOf(spans: Span[]): Row[] {
  const known = new Set(spans.map(span => span.spanId))
  const children = Map.groupBy(spans, ({ parentSpanId }) =>
    parentSpanId && known.has(parentSpanId) ? parentSpanId : '',
  )
  const rows: Row[] = []
  // A stack, not recursion: a trace can be as deep as it has spans.
  const below = (id: string, depth: number) =>
    (children.get(id) ?? []).toSorted((a, b) => b.startMs - a.startMs).map(span => ({ span, depth }))
  const stack = below('', 0)
  for (let row = stack.pop(); row; row = stack.pop()) {
    rows.push(row)
    stack.push(...below(row.span.spanId, row.depth + 1))
  }
  return rows
}
