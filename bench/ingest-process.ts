/** A process that does nothing but load the files it is told, all at once, so that its memory and CPU are those of the loads. */

import { once } from 'node:events'
import { createPool } from '@glimmr/lib/db'
import { ingest } from '@glimmr/pipeline/ingest-file'
import { createLoadThreads, type SourceAddress } from '@glimmr/pipeline/load/thread'
import { localSource, sha256Of } from '@glimmr/pipeline/source/source'
import type { Load } from './ingest-loads.ts'

export type ToLoad = {
  url: string
  adminUrl: string
  /** Loaded first, unmeasured, twice: a service has loaded such files before, and V8 compiles for good with the second. */
  warmUp: string
  paths: string[]
  /** Where the thread reads each of `paths` instead. */
  addresses?: SourceAddress[] | undefined
}

process.once('message', async ({ url, adminUrl, warmUp, paths, addresses }: ToLoad) => {
  const pool = createPool({ url: adminUrl, name: 'glimmr_bench_load', max: 2, statementTimeoutMs: 0 })
  const threads = createLoadThreads()
  const { signal } = new AbortController()
  const loaded = (path: string, sha256: string, address: SourceAddress = { kind: 'file', path }) =>
    ingest(path, { url, pool, threads }, { signal, sha256, address, sums: false })
  const hashed = async (path: string) => sha256Of(await localSource(path), signal)
  // The store has them in production.
  const hashes = await Promise.all(paths.map(hashed))
  const ofWarmUp = await hashed(warmUp)
  for (let time = 0; time < 2; time++) await Promise.all(paths.map(() => loaded(warmUp, ofWarmUp)))
  process.send?.('ready')
  await once(process, 'message')
  const started = performance.now()
  const lines = await Promise.all(paths.map((path, at) => loaded(path, hashes[at] ?? '', addresses?.[at])))
  const elapsed = performance.now() - started
  await threads.close()
  await pool.end()
  const wrong = lines.find(line => line.verdict === 'rejected' || line.seen !== line.loaded + line.rejected)
  if (wrong)
    throw new Error(`${wrong.file}: ${wrong.error ?? `${wrong.seen} rows seen, ${wrong.loaded} loaded`}`)
  const answer: Omit<Load, 'cpu'> & { ours: number } = {
    bytes: lines.reduce((sum, line) => sum + line.bytes, 0),
    rates: lines.reduce((sum, line) => sum + line.rates, 0),
    ms: elapsed,
    rssMb: Math.max(...lines.map(line => line.rss_mb)),
    // Each line counts the whole process.
    ours: Math.max(...lines.map(line => line.cpu_s)),
  }
  process.send?.(answer)
  process.disconnect()
})
