/** The statements that begin, clear, reject and look up a file. */
import { execute, maybeOne, one, type Queryable } from '@glimmr/lib/db'
import { sql } from '@glimmr/lib/sql'
import type { Reason } from '../source/refusal.ts'
import { jsonText } from './json-text.ts'

export type FileToLoad = {
  organisationId: string
  /** Chosen by the uploader; null: joined from what the file says. */
  hospitalId: string | null
  uploadId: string | null
  sha256: string
  filename: string
  objectKey: string | null
  sizeBytes: number
  traceparent: string | null
}

/** One load of one content at a time, for as long as the session lives. */
export async function lockContent(db: Queryable, { organisationId, sha256 }: FileToLoad): Promise<void> {
  await one(
    db,
    sql`select pg_advisory_lock(hashtextextended(${`glimmr content ${organisationId} ${sha256}`}, 0))`,
  )
}

/** The file that this content became already. Without a chosen hospital the content itself names it, so any counts. */
export async function loadedAlready(
  db: Queryable,
  { organisationId, hospitalId, sha256 }: FileToLoad,
): Promise<number | undefined> {
  const found = await maybeOne<{ id: number }>(
    db,
    sql`
      select f.id from prices.files f
      where f.sha256 = ${sha256} and f.organisation_id = ${organisationId} and f.status in ('published', 'superseded')
        and (${hospitalId}::uuid is null or f.hospital_id = ${hospitalId})
      order by f.status = 'published' desc, f.id desc limit 1`,
  )
  return found?.id
}

/** The file's row and id. An attempt that died leaves its row and perhaps rows nobody can see: they are cleared, the id used again. */
export async function beginFile(db: Queryable, file: FileToLoad): Promise<number> {
  const left = await maybeOne<{ id: number }>(
    db,
    sql`
      select f.id from prices.files f
      where f.sha256 = ${file.sha256} and f.organisation_id = ${file.organisationId} and f.status in ('loading', 'failed')
      order by f.id limit 1`,
  )
  if (left) {
    await clearRows(db, left.id)
    await execute(
      db,
      sql`
        update prices.files set status = 'loading', hospital_id = null, upload_id = ${file.uploadId}, filename = ${file.filename},
          object_key = ${file.objectKey}, size_bytes = ${file.sizeBytes}, traceparent = ${file.traceparent}, created_at = now()
        where id = ${left.id}`,
    )
    return left.id
  }
  const made = await one<{ id: number }>(
    db,
    sql`
      insert into prices.files (organisation_id, upload_id, sha256, filename, object_key, size_bytes, status, traceparent)
      values (${file.organisationId}, ${file.uploadId}, ${file.sha256}, ${file.filename}, ${file.objectKey}, ${file.sizeBytes},
        'loading', ${file.traceparent})
      returning id`,
  )
  return made.id
}

/** Removes the rows of a file that was not published, by their range of ids. */
async function clearRows(db: Queryable, fileId: number): Promise<void> {
  const first = fileId * 2 ** 32
  const last = first + 2 ** 32 - 1
  await execute(db, sql`delete from prices.rate_blocks where charge_id between ${first} and ${last}`)
  await execute(db, sql`delete from prices.charges where id between ${first} and ${last}`)
  await execute(db, sql`delete from prices.item_codes where item_id between ${first} and ${last}`)
  await execute(db, sql`delete from prices.items where id between ${first} and ${last}`)
  await execute(db, sql`delete from prices.modifiers where id between ${first} and ${last}`)
  await execute(db, sql`delete from prices.texts where id between ${first} and ${last}`)
  await execute(db, sql`delete from prices.findings where file_id = ${fileId}`)
  await execute(db, sql`delete from prices.finding_counts where file_id = ${fileId}`)
  await execute(db, sql`delete from prices.rejected_rows where file_id = ${fileId}`)
}

/** The file cannot be read: nothing of it is loaded, and everything that is wrong with it is said. */
export async function rejectFile(db: Queryable, fileId: number, reasons: Reason[]): Promise<void> {
  // Rows that were copied before the reason was found (that its hospital is gone, say).
  await clearRows(db, fileId)
  await execute(
    db,
    sql`
      with counted as (
        insert into prices.finding_counts (file_id, rule, layer, severity, count)
        select ${fileId}, r.rule, case when r.rule like 'cms.%' then 'cms' else 'glimmr' end, 'error', count(*)
        from jsonb_to_recordset(${jsonText(reasons)}::jsonb) as r (rule text, message text, cell text)
        group by r.rule
      ), listed as (
        insert into prices.findings (file_id, ordinal, rule, layer, severity, cell, message)
        select ${fileId}, r.ordinal, r.reason ->> 'rule', case when r.reason ->> 'rule' like 'cms.%' then 'cms' else 'glimmr' end,
          'error', r.reason ->> 'cell', r.reason ->> 'message'
        from jsonb_array_elements(${jsonText(reasons)}::jsonb) with ordinality as r (reason, ordinal)
        where r.ordinal <= 1000
      )
      update prices.files set status = 'rejected', verdict = 'rejected', findings_count = ${reasons.length}
      where id = ${fileId}`,
  )
}
