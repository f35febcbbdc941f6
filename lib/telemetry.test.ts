import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { startOtlpReceiver } from '@glimmr/dev/otlp-receiver'
import { createTestDatabase } from '@glimmr/dev/testing'
import t from 'tap'
import { parseTraceparent } from './telemetry.ts'

const run = promisify(execFile)
const script = fileURLToPath(new URL('fixtures/traced-service.ts', import.meta.url))
const trace = '0af7651916cd43dd8448eb211c80319c'

t.test('request, own span, outgoing call, the other service and its query are one trace', async t => {
  const receiver = await startOtlpReceiver()
  t.teardown(() => receiver.close())
  const db = await createTestDatabase(t)
  const { stdout } = await run(process.execPath, [script, db.url], {
    env: { ...process.env, ...receiver.env },
  })
  const [sampled, quiet] = stdout
    .trim()
    .split('\n')
    .map(line => JSON.parse(line))
  t.match(sampled, {
    status: 200,
    traceparent: new RegExp(`^00-${trace}-`),
    stored: new RegExp(`^00-${trace}-`),
  })
  const ours = receiver.spans.filter(span => span.traceId === trace)
  const byName = new Map(ours.map(span => [span.name, span]))
  const ancestry = (span = ours.find(found => found.name.startsWith('pg.query'))): string[] => {
    const parent = ours.find(found => found.spanId === span?.parentSpanId)
    return span ? [span.name, ...(parent ? ancestry(parent) : [])] : []
  }
  t.match(ancestry(), [/^pg.query/, 'GET /inner', 'GET', 'work', 'GET /outer'])
  t.equal(byName.get('GET /outer')?.parentSpanId, 'b7ad6b7169203331', 'it goes on from the caller')
  const unsampled = /^00-1af7651916cd43dd8448eb211c80319c-[0-9a-f]{16}-00$/
  t.match(quiet, { status: 200, traceparent: unsampled, stored: unsampled, inner: { stored: unsampled } })
  t.notOk(
    receiver.spans.some(span => span.traceId.startsWith('1af7')),
    'who does not sample is not sampled, nor is what it calls',
  )
  const alone = receiver.spans.find(span => span.name === 'GET /alone')
  t.match(
    alone,
    { traceId: /^[0-9a-f]{32}$/, parentSpanId: undefined },
    'without a caller a trace begins here',
  )
})

t.test('without an endpoint nothing is made, and the caller’s trace is still passed on', async t => {
  const db = await createTestDatabase(t)
  const env = { ...process.env, OTEL_EXPORTER_OTLP_ENDPOINT: '' }
  const { stdout } = await run(process.execPath, [script, db.url], { env })
  const [answer = ''] = stdout.split('\n')
  t.match(JSON.parse(answer), { status: 200, traceparent: null, stored: `00-${trace}-b7ad6b7169203331-01` })
})

t.test('only a valid traceparent is believed', async t => {
  t.match(parseTraceparent(`00-${trace}-b7ad6b7169203331-01`), { traceId: trace, traceFlags: 1 })
  const wrong = [
    undefined,
    '',
    'x',
    `00-${'0'.repeat(32)}-b7ad6b7169203331-01`,
    `ff-${trace}-b7ad6b7169203331-01`,
    `00-${trace}-${'0'.repeat(16)}-01`,
  ]
  for (const header of wrong) t.equal(parseTraceparent(header), undefined, String(header))
})
