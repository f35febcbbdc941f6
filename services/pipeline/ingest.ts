/** `npm run ingest -- FILE… [--json]`: price files through the real pipeline into a scratch database, a line a file. */
import { randomUUID } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { migrate } from '@glimmr/db/migrate'
import { startPostgres } from '@glimmr/dev/postgres'
import { createPool, execute, one, type Pool } from '@glimmr/lib/db'
import { sql } from '@glimmr/lib/sql'
import type { LoadResult } from './load/load-file.ts'
import { loadInThread } from './load/thread.ts'
import { localSource, sha256Of } from './source/source.ts'

const help = `npm run ingest -- FILE… [--json]

Loads hospital price files (tall or wide CSV, JSON; plain, .gz or .zip) into a database that is made for this run and
removed after it, and says what became of each.

  --json   one line of JSON a file: file, verdict (valid, invalid, rejected), layout, template_version, encoding, seen,
           loaded, rejected, items, charges, rates, findings {rule: count}, bytes (decompressed), ms, mb_per_s, rss_mb,
           sum_negotiated_dollar, sum_negotiated_percentage (exact, over what was published), error
  --help   this text
`

type Line = {
  file: string
  verdict: 'valid' | 'invalid' | 'rejected'
  layout: string | null
  template_version: string | null
  encoding: string | null
  seen: number
  loaded: number
  rejected: number
  items: number
  charges: number
  rates: number
  findings: Record<string, number>
  bytes: number
  ms: number
  mb_per_s: number
  rss_mb: number
  sum_negotiated_dollar: string | null
  sum_negotiated_percentage: string | null
  error: string | null
}

type Scratch = { url: string; pool: Pool; close(): Promise<void> }

async function openScratch(): Promise<Scratch> {
  const folder = await mkdtemp(join(tmpdir(), 'glimmr-ingest-'))
  // Nothing of this database outlives the run, so it need not wait for the disk.
  const postgres = await startPostgres({
    dataDir: join(folder, 'postgres'),
    settings: { fsync: 'off', full_page_writes: 'off' },
  })
  const admin = postgres.url('postgres')
  await migrate({ url: admin })
  const pool = createPool({ url: admin, name: 'glimmr_ingest', max: 2, statementTimeoutMs: 0 })
  return {
    url: postgres.url('postgres', 'glimmr_pipeline'),
    pool,
    async close() {
      await pool.end()
      await postgres.stop()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

async function ingest(path: string, { url, pool }: Scratch, signal: AbortSignal): Promise<Line> {
  const source = await localSource(path)
  const sha256 = await sha256Of(source, signal)
  const organisationId = randomUUID()
  await execute(
    pool,
    sql`insert into core.organisations (id, name) values (${organisationId}, ${`ingest ${organisationId}`})`,
  )
  const memory = watchMemory()
  const started = performance.now()
  const result = await loadInThread(
    {
      url,
      address: { kind: 'file', path },
      file: {
        organisationId,
        hospitalId: null,
        uploadId: null,
        sha256,
        filename: basename(path),
        objectKey: null,
        traceparent: null,
      },
    },
    { signal },
  )
  const ms = performance.now() - started
  return lineOf({ path, result, ms, rssMb: memory.stop(), pool, sizeBytes: source.sizeBytes })
}

/** The highest resident size seen, in MB. */
function watchMemory(): { stop(): number } {
  let most = process.memoryUsage.rss()
  const timer = setInterval(() => {
    most = Math.max(most, process.memoryUsage.rss())
  }, 20)
  return {
    stop() {
      clearInterval(timer)
      return Math.round(most / 1e6)
    },
  }
}

type Outcome = { path: string; result: LoadResult; ms: number; rssMb: number; pool: Pool; sizeBytes: number }

async function lineOf({ path, result, ms, rssMb, pool, sizeBytes }: Outcome): Promise<Line> {
  const read = result.outcome === 'already_loaded' ? {} : result.read
  const published = result.outcome === 'published' ? result : undefined
  const bytes = published?.read.sourceBytes ?? sizeBytes
  const sums = published ? await sumsOf(pool, published.fileId) : { dollar: null, percentage: null }
  return {
    file: basename(path),
    verdict: published?.verdict ?? 'rejected',
    layout: read.layout ?? null,
    template_version: read.version ?? null,
    encoding: read.encoding ?? null,
    seen: read.counts?.seen ?? 0,
    loaded: published?.read.counts.loaded ?? 0,
    rejected: published?.read.counts.rejected ?? read.counts?.seen ?? 0,
    items: published?.counts.items ?? 0,
    charges: published?.counts.charges ?? 0,
    rates: published?.counts.rates ?? 0,
    findings: published?.findings ?? (result.outcome === 'rejected' ? countRules(result.reasons) : {}),
    bytes,
    ms: Math.round(ms),
    mb_per_s: Math.round(bytes / ms / 100) / 10,
    rss_mb: rssMb,
    sum_negotiated_dollar: sums.dollar,
    sum_negotiated_percentage: sums.percentage,
    error: result.outcome === 'rejected' ? (result.reasons[0]?.message ?? 'rejected') : null,
  }
}

function countRules(reasons: { rule: string }[]): Record<string, number> {
  const counts: Record<string, number> = {}
  for (const { rule } of reasons) counts[rule] = (counts[rule] ?? 0) + 1
  return counts
}

/** As text: a JavaScript number would round. */
function sumsOf(pool: Pool, fileId: number) {
  const first = fileId * 2 ** 32
  return one<{ dollar: string | null; percentage: string | null }>(
    pool,
    sql`
    select sum(r.negotiated_dollar)::text as dollar, sum(r.negotiated_percentage)::text as percentage
    from prices.rates r join prices.files f on f.id = r.file_id and f.status = 'published'
    where r.charge_id between ${first} and ${first + 2 ** 32 - 1}`,
  )
}

function show(line: Line): string {
  if (line.error) return `${line.file}: rejected. ${line.error}`
  const what = `${line.layout} ${line.template_version}, ${line.encoding}, ${line.verdict}`
  const counts = `${line.seen} rows: ${line.loaded} loaded, ${line.rejected} rejected; ${line.items} items, ${line.charges} charges, ${line.rates} rates`
  const found = Object.entries(line.findings)
    .map(([rule, count]) => `\n  ${count} × ${rule}`)
    .join('')
  return `${line.file}: ${what}; ${counts}; ${line.mb_per_s} MB/s, ${line.rss_mb} MB${found}`
}

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { json: { type: 'boolean' }, help: { type: 'boolean', short: 'h' } },
  })
  if (values.help || positionals.length === 0) {
    process.stdout.write(help)
    return values.help ? 0 : 2
  }
  const stop = new AbortController()
  process.once('SIGINT', () => stop.abort(new Error('interrupted')))
  const scratch = await openScratch()
  let failed = 0
  try {
    for (const path of positionals) {
      try {
        const line = await ingest(resolve(path), scratch, stop.signal)
        process.stdout.write(`${values.json ? JSON.stringify(line) : show(line)}\n`)
      } catch (error) {
        failed++
        process.stderr.write(`${path}: ${error instanceof Error ? error.message : String(error)}\n`)
        if (stop.signal.aborted) break
      }
    }
  } finally {
    await scratch.close()
  }
  return failed === 0 ? 0 : 1
}

process.exitCode = await main()
