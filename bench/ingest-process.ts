/** A process that does nothing but load the files it is told, all at once, so that its memory and CPU are those of the loads. */
import { createPool } from '@glimmr/lib/db'
import { ingest } from '@glimmr/pipeline/ingest-file'
import type { Load } from './ingest-loads.ts'

export type ToLoad = { url: string; adminUrl: string; paths: string[] }

process.once('message', async ({ url, adminUrl, paths }: ToLoad) => {
  const pool = createPool({ url: adminUrl, name: 'glimmr_bench_load', max: 2, statementTimeoutMs: 0 })
  const { signal } = new AbortController()
  const before = process.cpuUsage()
  const started = performance.now()
  const lines = await Promise.all(
    paths.map(path => ingest(path, { url, pool, close: () => pool.end() }, { signal })),
  )
  const elapsed = performance.now() - started
  const { user, system } = process.cpuUsage(before)
  await pool.end()
  const wrong = lines.find(line => line.verdict === 'rejected' || line.seen !== line.loaded + line.rejected)
  if (wrong)
    throw new Error(`${wrong.file}: ${wrong.error ?? `${wrong.seen} rows seen, ${wrong.loaded} loaded`}`)
  const loaded: Omit<Load, 'cpu'> & { ours: number } = {
    bytes: lines.reduce((sum, line) => sum + line.bytes, 0),
    rates: lines.reduce((sum, line) => sum + line.rates, 0),
    // One file: without the hash over it, which the store has in production, and the sums of the line.
    ms: lines.length === 1 ? (lines[0]?.ms ?? 0) : elapsed,
    rssMb: Math.max(...lines.map(line => line.rss_mb)),
    ours: (user + system) / 1e6,
  }
  process.send?.(loaded)
  process.disconnect()
})
