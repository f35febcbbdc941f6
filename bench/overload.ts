/**
 * Ten times a key's limit for a minute: what is beyond it gets 429 and nothing else, who is admitted hardly notices, and
 * memory stays where it was.
 *
 *   npm run bench -- overload [--json] [--seconds 60]
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { Pool } from 'undici'
import { percentile, printFigures } from './figures.ts'
import { startServer } from './gateway-load.ts'
import { prepareGateway } from './gateway-settings.ts'

const { values } = parseArgs({
  options: { json: { type: 'boolean', default: false }, seconds: { type: 'string', default: '60' } },
})
const seconds = Number(values.seconds)
const perSecond = 50
// The file's burst is a minute's worth: it is spent before anything is measured.
const perMinute = perSecond * 60
const endings: (() => unknown)[] = []
const folder = mkdtempSync(join(tmpdir(), 'glimmr-bench-overload-'))
try {
  const settings = await prepareGateway(folder, handler => endings.push(handler))
  const env = { CORE_LIMIT: String(perMinute), CORE_LIMIT_PARTNER: String(perMinute) }
  const gateway = await startServer({ ...settings, role: 'inside', service: 'light', env })
  endings.push(gateway.stop)
  const client = new Pool(`http://127.0.0.1:${gateway.port}`, { connections: 64 })
  endings.push(() => client.close())
  const headers = { authorization: `Bearer ${settings.key}` }
  const ask = async () => {
    const start = performance.now()
    const { statusCode, body } = await client.request({ method: 'GET', path: '/v1/core/light', headers })
    await body.dump()
    return { status: statusCode, ms: performance.now() - start }
  }
  await spendBurst(ask)
  // At nine tenths of the limit everybody is admitted: what that costs is the measure.
  const calm = await offer(ask, perSecond * 0.9, Math.min(20, seconds))
  // Until the heap has the size that such answers need.
  for (let asked = 0; asked < 30_000; asked += 200) await Promise.all(Array.from({ length: 200 }, ask))
  const before = (await gateway.usage()).rssMb
  const flooded = await offer(ask, perSecond * 10, seconds)
  const { rssMb } = await gateway.usage()
  const admitted = flooded.filter(({ status }) => status === 200)
  const quantile = (answers: Answer[], share: number) =>
    percentile(
      answers.map(({ ms }) => ms).toSorted((a, b) => a - b),
      share,
    )
  const p99 = (answers: Answer[]) => quantile(answers, 0.99)
  const other = flooded.filter(({ status }) => status !== 200 && status !== 429).length
  printFigures(
    [
      { name: `offered in ${seconds} s, ten times the limit`, value: flooded.length, unit: 'requests' },
      { name: 'neither admitted nor 429', value: other, unit: 'requests', target: { bound: 1, less: true } },
      {
        name: 'admitted, share of the limit',
        value: (100 * admitted.length) / (perSecond * seconds),
        unit: '%',
        target: { bound: 110, less: true },
      },
      {
        name: 'median of the admitted',
        value: quantile(admitted, 0.5),
        unit: 'ms',
        peer: { name: 'below the limit', value: quantile(calm, 0.5) },
      },
      {
        name: 'p99 of the admitted',
        value: p99(admitted),
        unit: 'ms',
        peer: { name: 'below the limit', value: p99(calm) },
      },
      {
        name: 'p99 of the admitted, against below the limit',
        value: p99(admitted) / p99(calm),
        unit: '×',
        target: { bound: 2, less: true },
      },
      { name: 'memory it added', value: rssMb - before, unit: 'MB', target: { bound: 32, less: true } },
    ],
    values.json,
  )
} finally {
  for (const end of endings.reverse()) await end()
  rmSync(folder, { recursive: true, force: true })
}

type Answer = { status: number; ms: number }

/** Also warms the process up. */
async function spendBurst(ask: () => Promise<Answer>): Promise<void> {
  for (let refused = 0; refused < 100; ) {
    const answers = await Promise.all(Array.from({ length: 50 }, ask))
    refused += answers.filter(({ status }) => status === 429).length
  }
}

/** So many a second whatever comes back, in steps of 2 ms. */
async function offer(ask: () => Promise<Answer>, rate: number, forSeconds: number): Promise<Answer[]> {
  const started = performance.now()
  const running: Promise<Answer>[] = []
  for (;;) {
    const elapsed = (performance.now() - started) / 1000
    if (elapsed >= forSeconds) return Promise.all(running)
    while (running.length < elapsed * rate) running.push(ask())
    await new Promise(resolve => setTimeout(resolve, 2))
  }
}
