/** Content that was published before comes again: it is current already, or it becomes current again without a load. */
import { execute, maybeOne, one, type Queryable } from '@glimmr/lib/db'
import { sql } from '@glimmr/lib/sql'
import type { FileToLoad } from './file-record.ts'
import { lockHospital } from './lock-hospital.ts'

/**
 * A hospital that publishes A, then B, then A again means A: its rows are there, so publishing is one statement. Runs in the
 * caller's transaction, for an upload whose load has not ended yet; gives whether the file has become current.
 */
export async function publishAgain(db: Queryable, fileId: number, file: FileToLoad): Promise<boolean> {
  const { hospital_id: hospital } = await one<{ hospital_id: string }>(
    db,
    sql`select hospital_id from prices.files where id = ${fileId}`,
  )
  const moment = await lockHospital(db, hospital)
  const superseded = await maybeOne(
    db,
    sql`select from prices.files where id = ${fileId} and status = 'superseded' for update`,
  )
  if (!superseded) return false
  await execute(
    db,
    sql`
      update prices.files set status = 'superseded', superseded_at = ${moment}::timestamptz
      where hospital_id = ${hospital} and status = 'published'`,
  )
  // The object that came last is as good as the first one, and more likely to stay.
  await execute(
    db,
    sql`
      update prices.files set status = 'published', published_at = ${moment}::timestamptz, superseded_at = null,
        upload_id = coalesce(${file.uploadId}::uuid, upload_id), object_key = coalesce(${file.objectKey}, object_key)
      where id = ${fileId}`,
  )
  return true
}
