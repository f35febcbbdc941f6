/** One local file through the real load into a scratch database, and the line that says what became of it. */
import { randomUUID } from 'node:crypto'
import { basename } from 'node:path'
import { execute, one, type Pool } from '@glimmr/lib/db'
import { sql } from '@glimmr/lib/sql'
import type { LoadResult } from './load/load-file.ts'
import type { SourceAddress } from './load/thread.ts'
import type { Scratch } from './scratch.ts'
import { localSource, sha256Of } from './source/source.ts'

export type Line = {
  file: string
  /** Of the scratch database; left out of the JSON. */
  file_id: number
  /** null: the file could not be read, and `error` says why. */
  verdict: 'valid' | 'invalid' | 'rejected' | null
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
  /** Seconds of this process, the server's not among them. */
  cpu_s: number
  sum_negotiated_dollar: string | null
  sum_negotiated_percentage: string | null
  error: string | null
}

type Options = {
  signal: AbortSignal
  name?: string
  /** As the store has it; worked out where it is not given. */
  sha256?: string
  /** Where the loading thread reads it; the file itself unless told. */
  address?: SourceAddress
  /** False: the line has none, and reading all rates for them costs nothing. */
  sums?: boolean
}

/** Each file comes from an organisation of its own, so that none of them takes another's place. */
export async function ingest(
  path: string,
  { url, pool, threads }: Omit<Scratch, 'close'>,
  { signal, name = basename(path), sha256: given, address = { kind: 'file', path }, sums = true }: Options,
): Promise<Line> {
  const source = await localSource(path)
  const sha256 = given ?? (await sha256Of(source, signal))
  const organisationId = randomUUID()
  await execute(
    pool,
    sql`insert into core.organisations (id, name) values (${organisationId}, ${`ingest ${organisationId}`})`,
  )
  const memory = watchMemory()
  const spent = process.cpuUsage()
  const started = performance.now()
  const loading = threads.load(
    {
      url,
      address,
      file: {
        organisationId,
        hospitalId: null,
        uploadId: null,
        sha256,
        filename: name,
        objectKey: null,
        traceparent: null,
      },
    },
    { signal },
  )
  const result = await loading.finally(() => memory.stop())
  const ms = performance.now() - started
  const { user, system } = process.cpuUsage(spent)
  const cpuSeconds = (user + system) / 1e6
  const found = sums && result.outcome === 'published' ? await sumsOf(pool, result.fileId) : noSums
  return lineOf({
    path,
    result,
    ms,
    cpuSeconds,
    rssMb: memory.mb(),
    sums: found,
    sizeBytes: source.sizeBytes,
  })
}

/** The highest resident size seen, in MB. */
function watchMemory(): { stop(): void; mb(): number } {
  let most = process.memoryUsage.rss()
  const timer = setInterval(() => {
    most = Math.max(most, process.memoryUsage.rss())
  }, 20)
  return {
    stop: () => clearInterval(timer),
    mb: () => Math.round(most / 1e6),
  }
}

type Outcome = {
  path: string
  result: LoadResult
  ms: number
  cpuSeconds: number
  rssMb: number
  sums: Sums
  sizeBytes: number
}

function lineOf({ path, result, ms, cpuSeconds, rssMb, sums, sizeBytes }: Outcome): Line {
  const read = 'read' in result ? result.read : {}
  const published = result.outcome === 'published' ? result : undefined
  const bytes = published?.read.sourceBytes ?? sizeBytes
  return {
    file: basename(path),
    file_id: result.fileId,
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
    cpu_s: Math.round(cpuSeconds * 100) / 100,
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
type Sums = { dollar: string | null; percentage: string | null }
const noSums: Sums = { dollar: null, percentage: null }

function sumsOf(pool: Pool, fileId: number): Promise<Sums> {
  const first = fileId * 2 ** 32
  return one<Sums>(
    pool,
    sql`
    select sum(r.negotiated_dollar)::text as dollar, sum(r.negotiated_percentage)::text as percentage
    from prices.rates r join prices.files f on f.id = r.file_id and f.status = 'published'
    where r.charge_id between ${first} and ${first + 2 ** 32 - 1}`,
  )
}
