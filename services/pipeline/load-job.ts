/** The job `load`: one stored upload becomes prices. Repeating it is harmless; graphile-worker does so after a failure. */
import { execute, maybeOne, one, type Pool } from '@glimmr/lib/db'
import type { S3Config } from '@glimmr/lib/s3'
import { sql } from '@glimmr/lib/sql'
import { currentTraceparent, inSpan } from '@glimmr/lib/telemetry'
import type { FastifyBaseLogger } from 'fastify'
import type { JobHelpers, Task } from 'graphile-worker'
import { z } from 'zod'
import type { LoadResult } from './load/load-file.ts'
import { tellAbandoned, tellBegun, tellFailed } from './load/load-status.ts'
import type { LoadThreads } from './load/thread.ts'
import type { LoadMetrics } from './metrics.ts'
import type { ContentLimits } from './source/content.ts'
import { SourceChanged } from './source/source.ts'

export type LoadJobOptions = {
  pool: Pool
  databaseUrl: string
  s3: S3Config
  threads: LoadThreads
  log: FastifyBaseLogger
  limits: ContentLimits
  metrics: LoadMetrics
}

const payloadShape = z.object({ upload_id: z.uuid(), traceparent: z.string().nullish() })

type Upload = {
  id: string
  organisation_id: string
  hospital_id: string | null
  filename: string
  size_bytes: string
  sha256: string | null
  object_key: string
  etag: string | null
}

export function createLoadJob(options: LoadJobOptions): Task {
  return async (payload, helpers) => {
    const { upload_id, traceparent } = payloadShape.parse(payload)
    const parent = traceparent ?? undefined
    await inSpan(
      'job load',
      { parent, kind: 'consumer', attributes: { 'glimmr.upload_id': upload_id } },
      () => runJob(options, upload_id, parent, helpers),
    )
  }
}

async function runJob(
  options: LoadJobOptions,
  uploadId: string,
  parent: string | undefined,
  helpers: JobHelpers,
): Promise<void> {
  const { pool, log, metrics } = options
  const upload = await maybeOne<Upload>(
    pool,
    sql`
      select id, organisation_id, hospital_id, filename, size_bytes, sha256, object_key, etag
      from media.uploads where id = ${uploadId}`,
  )
  if (!upload) {
    log.warn({ upload_id: uploadId }, 'the upload of a job is gone')
    return
  }
  if (!(await tellBegun(pool, upload))) {
    log.info({ upload_id: uploadId }, 'the load of a job has ended before')
    return
  }
  const end = metrics.seconds.startTimer()
  metrics.running.inc()
  try {
    const result = await load(options, upload, parent, helpers)
    end({ outcome: result.outcome })
    count(metrics, result)
    if (result.outcome === 'published')
      await refreshStatistics(pool, result.counts.rate_blocks).catch((cause: Error) =>
        log.warn({ err: cause }, 'statistics could not be refreshed'),
      )
    log.info({ upload_id: uploadId, ...summary(result) }, 'loaded')
  } catch (error) {
    end({ outcome: 'failed' })
    await failed(options, upload, error, helpers)
  } finally {
    metrics.running.dec()
  }
}

function load(
  { databaseUrl, s3, limits, threads }: LoadJobOptions,
  upload: Upload,
  parent: string | undefined,
  helpers: JobHelpers,
): Promise<LoadResult> {
  const traceparent = currentTraceparent() ?? parent
  return threads.load(
    {
      url: databaseUrl,
      address: { kind: 'object', store: s3, key: upload.object_key, etag: upload.etag },
      limits,
      ...(traceparent && { traceparent }),
      file: {
        organisationId: upload.organisation_id,
        hospitalId: upload.hospital_id,
        uploadId: upload.id,
        sha256: upload.sha256,
        filename: upload.filename,
        objectKey: upload.object_key,
        traceparent: traceparent ?? null,
      },
    },
    { signal: helpers.abortSignal ?? new AbortController().signal },
  )
}

/**
 * After a load that changed much, plans must not wait for autovacuum's next minute: until then the planner takes the
 * tables for what they were.
 */
async function refreshStatistics(pool: Pool, blocks: number): Promise<void> {
  const { stale } = await one<{ stale: boolean }>(
    pool,
    sql`select ${blocks}::float8 > 0.2 * greatest(reltuples, 0) as stale from pg_class where oid = 'prices.rate_blocks'::regclass`,
  )
  if (!stale) return
  await execute(
    pool,
    sql`analyze prices.items, prices.item_codes, prices.charges, prices.rate_blocks, prices.texts, prices.file_plans`,
  )
}

function count({ loads, bytes, rows }: LoadMetrics, result: LoadResult): void {
  if (result.outcome === 'ended_before') return // and was counted then
  loads.inc({ outcome: result.outcome })
  if (result.outcome !== 'published') return
  bytes.inc(result.read.sourceBytes)
  rows.inc({ outcome: 'loaded' }, result.read.counts.loaded)
  rows.inc({ outcome: 'rejected' }, result.read.counts.rejected)
}

function summary(result: LoadResult): Record<string, unknown> {
  if (result.outcome !== 'published') return { outcome: result.outcome, file_id: result.fileId }
  const { layout, version, sourceBytes, counts } = result.read
  return {
    outcome: result.outcome,
    file_id: result.fileId,
    verdict: result.verdict,
    layout,
    version,
    source_bytes: sourceBytes,
    ...counts,
  }
}

/** What may pass is thrown again, for graphile-worker to retry with back-off; what will not is the end. */
async function failed(
  { pool, log, metrics }: LoadJobOptions,
  upload: Upload,
  error: unknown,
  { job, abortSignal }: JobHelpers,
): Promise<void> {
  const message = error instanceof Error ? error.message : String(error)
  const last = isFinal(error) || (job.attempts >= job.max_attempts && !abortSignal?.aborted)
  log.error({ err: error, upload_id: upload.id, attempt: job.attempts, last }, 'a load failed')
  const told = await tellFailed(pool, upload.id, { message, last }).then(
    () => true,
    (cause: Error) => {
      log.warn({ err: cause }, 'the failure of a load could not be recorded')
      return false
    },
  )
  if (last) metrics.loads.inc({ outcome: 'failed' })
  // What nobody was told of has not ended either: the next attempt tells.
  if (!isFinal(error) || !told) throw error
}

/** Whoever waits for a load that nobody will try again is told so. */
export async function endAbandonedLoads({ pool, log, metrics }: LoadJobOptions): Promise<void> {
  for (const uploadId of await tellAbandoned(pool)) {
    log.error({ upload_id: uploadId }, 'a load failed: its worker was killed in the last attempt')
    metrics.loads.inc({ outcome: 'failed' })
  }
}

/** The same again would end the same. */
function isFinal(error: unknown): boolean {
  return (
    error instanceof SourceChanged ||
    (error instanceof Error && 'code' in error && error.code === 'ERR_WORKER_OUT_OF_MEMORY')
  )
}
