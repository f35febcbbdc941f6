/** prices.loads: what the uploader is shown. Files that came without an upload have no row there. */
import { execute, maybeOne, type Queryable, rows } from '@glimmr/lib/db'
import { sql } from '@glimmr/lib/sql'
import { storableText } from '../scan/encoding.ts'
import type { Reason } from '../source/refusal.ts'
import { jsonText } from './json-text.ts'
import type { LoadProgress } from './load-file.ts'

/**
 * False when the load has ended: a job is repeated when its end could not be reported, and what was decided stays. One that
 * failed on our side begins anew, for whoever gives its job more attempts.
 */
export async function tellBegun(
  db: Queryable,
  upload: { id: string; organisation_id: string; size_bytes: string },
): Promise<boolean> {
  const begun = await execute(
    db,
    sql`
      insert into prices.loads (upload_id, organisation_id, status, bytes_total, attempts, started_at)
      values (${upload.id}, ${upload.organisation_id}, 'loading', ${upload.size_bytes}, 1, now())
      on conflict (upload_id) do update set status = 'loading', attempts = prices.loads.attempts + 1,
        started_at = coalesce(prices.loads.started_at, now()), finished_at = null, bytes_read = 0, updated_at = now()
      where prices.loads.finished_at is null or prices.loads.status = 'failed'`,
  )
  return begun > 0
}

/** The file of a load that has ended, and not by failing. Asked under the lock on the content, nobody is ending it meanwhile. */
export async function endedAs(db: Queryable, uploadId: string | null): Promise<number | undefined> {
  if (!uploadId) return undefined
  const ended = await maybeOne<{ file_id: number }>(
    db,
    sql`
      select file_id from prices.loads
      where upload_id = ${uploadId} and finished_at is not null and status <> 'failed'`,
  )
  return ended?.file_id
}

export async function tellProgress(
  db: Queryable,
  uploadId: string | null,
  fileId: number,
  progress: LoadProgress,
): Promise<void> {
  if (!uploadId) return
  await execute(
    db,
    sql`
      update prices.loads set bytes_read = ${progress.bytesRead}, rows_seen = ${progress.seen}, rows_loaded = ${progress.loaded},
        rows_rejected = ${progress.rejected}, file_id = ${fileId}, updated_at = now()
      where upload_id = ${uploadId} and status = 'loading'`,
  )
}

/** In the transaction that publishes the file. */
export async function tellPublished(
  db: Queryable,
  uploadId: string | null,
  fileId: number,
  counts: Omit<LoadProgress, 'bytesRead'>,
): Promise<void> {
  if (!uploadId) return
  await execute(
    db,
    sql`
      update prices.loads set status = 'published', file_id = ${fileId}, bytes_read = bytes_total, rows_seen = ${counts.seen},
        rows_loaded = ${counts.loaded}, rows_rejected = ${counts.rejected}, error = null, finished_at = now(), updated_at = now()
      where upload_id = ${uploadId}`,
  )
}

export async function tellAlreadyLoaded(
  db: Queryable,
  uploadId: string | null,
  fileId: number,
): Promise<void> {
  if (!uploadId) return
  await execute(
    db,
    sql`
      update prices.loads set status = 'already_loaded', file_id = ${fileId}, bytes_read = bytes_total, error = null,
        finished_at = now(), updated_at = now()
      where upload_id = ${uploadId}`,
  )
}

/** In the transaction that makes a file current again; the counts are those of the load that once read it. */
export async function tellRepublished(db: Queryable, uploadId: string | null, fileId: number): Promise<void> {
  if (!uploadId) return
  await execute(
    db,
    sql`
      update prices.loads l set status = 'published', file_id = f.id, bytes_read = l.bytes_total, rows_seen = f.rows_seen,
        rows_loaded = f.rows_loaded, rows_rejected = f.rows_rejected, error = null, finished_at = now(), updated_at = now()
      from prices.files f where f.id = ${fileId} and l.upload_id = ${uploadId}`,
  )
}

/** In the transaction that marks the file rejected. */
export async function tellRejected(
  db: Queryable,
  uploadId: string | null,
  fileId: number,
  reasons: Reason[],
): Promise<void> {
  if (!uploadId) return
  await execute(
    db,
    sql`
      update prices.loads set status = 'rejected', file_id = ${fileId}, reasons = ${jsonText(reasons.slice(0, 1000))}::jsonb,
        error = null, finished_at = now(), updated_at = now()
      where upload_id = ${uploadId}`,
  )
}

/** `last`: for good. An attempt that was overtaken by another one, which ended the load, changes nothing. */
export async function tellFailed(
  db: Queryable,
  uploadId: string,
  { message, last }: { message: string; last: boolean },
): Promise<void> {
  await execute(
    db,
    sql`
      update prices.loads set status = ${last ? 'failed' : 'loading'}, error = ${storableText(message.slice(0, 2000))}, updated_at = now(),
        finished_at = case when ${last} then now() end
      where upload_id = ${uploadId} and finished_at is null`,
  )
}

/**
 * Ends the loads whose job has no attempt left and that nobody works on: the worker was killed in the last one, or could
 * not say how it ended. graphile-worker never looks at such a job again. Gives the uploads.
 */
export async function tellAbandoned(db: Queryable): Promise<string[]> {
  const ended = await rows<{ upload_id: string }>(
    db,
    sql`
      update prices.loads l set status = 'failed', finished_at = now(), updated_at = now(),
        error = concat('the worker was killed in the last attempt', '; what was said before: ' || l.error)
      from graphile_worker.jobs j
      where j.task_identifier = 'load' and j.attempts >= j.max_attempts and j.locked_at is null
        and l.upload_id = substring(j.key from '^load:([0-9a-f-]{36})$')::uuid and l.finished_at is null
      returning l.upload_id`,
  )
  return ended.map(load => load.upload_id)
}
