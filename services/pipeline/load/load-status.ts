/** prices.loads: what the uploader is shown. Files that came without an upload have no row there. */
import { execute, type Queryable } from '@glimmr/lib/db'
import { sql } from '@glimmr/lib/sql'
import type { Reason } from '../source/refusal.ts'
import type { LoadProgress } from './load-file.ts'

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
      update prices.loads set status = 'rejected', file_id = ${fileId}, reasons = ${JSON.stringify(reasons.slice(0, 1000))}::jsonb,
        error = null, finished_at = now(), updated_at = now()
      where upload_id = ${uploadId}`,
  )
}
