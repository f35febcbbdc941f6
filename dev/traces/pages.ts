/** The pages of the trace viewer: plain HTML, nothing to load, no script. */
import type { Span } from './otlp-json.ts'
import { type Row, rowsOf, type Trace } from './trace-store.ts'

const entities: Record<string, string> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}
const text = (value: unknown) => String(value).replace(/[&<>"']/g, character => entities[character] ?? '')

const style = `
body { font: 14px/1.45 system-ui, sans-serif; margin: 1.5rem auto; max-width: 80rem; padding: 0 1rem; color: #1b1f24; }
a { color: #0a5dc2; text-decoration: none } a:hover { text-decoration: underline }
h1 { font-size: 1.2rem } small, .quiet { color: #66707b } .failed { color: #b3261e; font-weight: 600 }
table { border-collapse: collapse; width: 100% } td, th { text-align: left; padding: .25rem .5rem; border-bottom: 1px solid #e4e7eb; vertical-align: top }
td.number, th.number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap }
.span { display: grid; grid-template-columns: 45% 1fr 6rem; gap: .5rem; border-bottom: 1px solid #eef0f2; padding: .1rem 0 }
.span summary { cursor: pointer; overflow: hidden; text-overflow: ellipsis; white-space: nowrap }
.track { position: relative; height: 1.2rem } .bar { position: absolute; top: .2rem; height: .8rem; min-width: 2px; border-radius: 2px; background: #4a8fe0 }
.bar.failed { background: #d5483f } dl { display: grid; grid-template-columns: max-content 1fr; gap: 0 1rem; margin: .3rem 0 .6rem 1rem; font-size: 12px }
dt { color: #66707b } dd { margin: 0; overflow-wrap: anywhere; font-family: ui-monospace, monospace } input { font: inherit; padding: .2rem .4rem; width: 24rem }`

const page = (title: string, body: string) => `<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>${text(title)}</title><style>${style}</style>
${body}
</html>
`

/** The gateway's own span is named by its method alone. */
const titleOf = ({ name, attributes }: Span) =>
  name.includes('/') ? name : `${name} ${attributes['url.path'] ?? ''}`.trim()

const milliseconds = (ms: number) => (ms >= 1000 ? `${(ms / 1000).toFixed(2)} s` : `${ms.toFixed(2)} ms`)

type Extent = { start: number; total: number }

function extentOf(spans: Span[]): Extent {
  let start = Number.POSITIVE_INFINITY
  let end = 0
  for (const span of spans) {
    start = Math.min(start, span.startMs)
    end = Math.max(end, span.endMs)
  }
  return { start, total: Math.max(end - start, 0.001) }
}

/** @param query what was searched for; shown in the field again */
export function listPage(traces: Trace[], query: string, howTo: string): string {
  const lines = traces.slice(0, 200).map(trace => {
    const { start, total } = extentOf(trace.spans)
    const first = rowsOf(trace.spans)[0]?.span
    const failed = trace.spans.some(span => span.failed) ? ' <span class="failed">error</span>' : ''
    const name = `<a href="/traces/${trace.id}">${text(first ? titleOf(first) : trace.id)}</a>${failed}`
    return `<tr><td>${new Date(start).toISOString()}<td>${name}<td class="number">${milliseconds(total)}<td class="number">${trace.spans.length}`
  })
  const table = `<table><tr><th>began<th>trace<th class="number">took<th class="number">spans${lines.join('\n')}</table>`
  const none = `<p>No trace ${query ? 'has that' : 'has come yet'}.</p><pre>${text(howTo)}</pre>`
  return page(
    'Traces',
    `<h1>Traces</h1><form><input name="q" value="${text(query)}" placeholder="a name, an attribute, a trace id" aria-label="Search"></form>
${lines.length > 0 ? table : none}`,
  )
}

export function tracePage(trace: Trace): string {
  const extent = extentOf(trace.spans)
  const rows = rowsOf(trace.spans)
  const dropped = trace.dropped > 0 ? `, ${trace.dropped} more were not kept` : ''
  return page(
    `Trace ${trace.id}`,
    `<p><a href="/">All traces</a> · <a href="/traces/${trace.id}.json">as JSON</a></p>
<h1>${text(rows[0] ? titleOf(rows[0].span) : '')}</h1>
<p class="quiet">${trace.id} · ${new Date(extent.start).toISOString()} · ${milliseconds(extent.total)} · ${trace.spans.length} spans${dropped}</p>
${rows.map(row => spanLine(row, extent)).join('\n')}`,
  )
}

function spanLine({ span, depth }: Row, { start, total }: Extent): string {
  const percent = (ms: number) => ((ms / total) * 100).toFixed(3)
  const failed = span.failed ? ' failed' : ''
  const indent = `padding-left:${Math.min(depth, 30) * 0.9}rem`
  const links = span.links.map(
    link => `<dt>link<dd><a href="/traces/${text(link.traceId)}">${text(link.traceId)}</a>`,
  )
  const events = span.events.map(
    event =>
      `<dt>+${milliseconds(event.timeMs - span.startMs)}<dd>${text(event.name)} ${text(JSON.stringify(event.attributes))}`,
  )
  const attributes = Object.entries(span.attributes).map(
    ([key, value]) => `<dt>${text(key)}<dd>${text(value)}`,
  )
  return `<div class="span"><details style="${indent}"><summary class="${failed}">${text(span.name)} <small>${text(span.service)}</small></summary>
<dl><dt>span<dd>${span.spanId}${[...attributes, ...events, ...links].join('')}</dl></details>
<div class="track"><div class="bar${failed}" style="left:${percent(span.startMs - start)}%;width:${percent(span.endMs - span.startMs)}%"></div></div>
<div class="quiet">${milliseconds(span.endMs - span.startMs)}</div></div>`
}
