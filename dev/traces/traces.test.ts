import { gzipSync } from 'node:zlib'
import t from 'tap'
import { startTraceViewer } from './server.ts'
import { createTraceStore } from './trace-store.ts'

const traceId = 'a'.repeat(32)

function span(spanId: string, more: Record<string, unknown> = {}) {
  const times = { startTimeUnixNano: '1795239401677000000', endTimeUnixNano: '1795239401687500000' }
  return { traceId, spanId: spanId.padStart(16, '0'), name: `span ${spanId}`, kind: 1, ...times, ...more }
}

function exported(spans: unknown[]) {
  const resource = { attributes: [{ key: 'service.name', value: { stringValue: 'glimmr' } }] }
  return JSON.stringify({ resourceSpans: [{ resource, scopeSpans: [{ spans }] }] })
}

t.test('spans that came by OTLP are shown as a tree, parents first', async t => {
  const viewer = await startTraceViewer(0)
  t.teardown(() => viewer.close())
  const post = (body: string | Uint8Array<ArrayBuffer>, headers: Record<string, string> = {}) =>
    fetch(`${viewer.url}/v1/traces`, {
      method: 'POST',
      body,
      headers: { 'content-type': 'application/json', ...headers },
    })
  const page = async (path: string) => (await fetch(viewer.url + path)).text()

  t.match(await page('/'), /OTEL_EXPORTER_OTLP_PROTOCOL=http\/json make start/, 'says how to begin')
  const parentSpanId = '1'.padStart(16, '0')
  const attributes = [{ key: 'http.route', value: { stringValue: '<script>alert(1)</script>' } }]
  t.equal((await post(exported([span('2', { parentSpanId, attributes, status: { code: 2 } })]))).status, 200)
  const zipped = new Uint8Array(gzipSync(exported([span('1')])))
  t.equal((await post(zipped, { 'content-encoding': 'gzip' })).status, 200)

  t.match(await page('/'), /span 1<\/a> <span class="failed">error[\s\S]*10\.50 ms/)
  t.match(await page('/?q=alert'), /span 1/, 'found by an attribute of any span')
  t.match(await page('/?q=nothing'), /No trace has that/)
  const shown = await page(`/traces/${traceId}`)
  t.match(shown, /span 1[\s\S]*span 2/)
  t.notMatch(shown, /<script>/, 'what a span holds is text')
  t.match(await (await fetch(`${viewer.url}/traces/${traceId}.json`)).json(), { spans: { length: 2 } })

  t.equal((await fetch(`${viewer.url}/traces/${'b'.repeat(32)}`)).status, 404)
  t.equal((await post('{"resourceSpans": [{}]}')).status, 400)
  t.equal((await post('x', { 'content-type': 'application/x-protobuf' })).status, 415)
})

t.test('the oldest traces go when there are too many, and one trace cannot take all the room', async t => {
  const store = createTraceStore({ traces: 2, spansPerTrace: 3, spans: 4 })
  const one = (id: string, spanId: string) => ({
    traceId: id,
    spanId,
    parentSpanId: spanId, // a span that names itself as its parent hangs nowhere, and harms nothing
    name: '',
    service: '',
    startMs: 0,
    endMs: 0,
    failed: false,
    attributes: {},
    events: [],
    links: [],
  })
  store.add(['1', '2', '3', '4'].map(spanId => one('a', spanId)))
  t.match(store.get('a'), { spans: { length: 3 }, dropped: 1 })
  store.add([one('b', '1')])
  t.same(
    store.list().map(({ id }) => id),
    ['b', 'a'],
  )
  store.add([one('c', '1')])
  t.same(
    store.list().map(({ id }) => id),
    ['c', 'b'],
  )
})
