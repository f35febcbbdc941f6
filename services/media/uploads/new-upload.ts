/** The row of a new upload, made once per idempotency key. */
import { createHash, randomUUID } from 'node:crypto'
import type { Identity } from '@glimmr/lib/auth'
import { maybeOne, one, type Queryable } from '@glimmr/lib/db'
import { problem } from '@glimmr/lib/errors'
import { sql } from '@glimmr/lib/sql'
import { safeFilename } from './file-type.ts'

/** The file as the client announces it. */
export type Announced = {
  filename: string
  size_bytes: number
  content_type: string
  sha256?: string | undefined
  hospital_id?: string | undefined
}

export type NewUpload = {
  id: string
  object_key: string
  multipart_id: string | null
  expires_at: Date
  idempotency_hash: string | null
}

export type NewUploadOptions = {
  identity: Identity
  announced: Announced
  presignSeconds: number
  traceparent: string | undefined
  idempotencyKey?: string | undefined
}

/**
 * Adds the row and returns it, or with a key that was used before the row of that time. Two requests with the same key
 * at the same moment get the same row. A 409 problem when the key was used for something else.
 */
export async function newUpload(
  db: Queryable,
  options: NewUploadOptions,
): Promise<NewUpload & { replayed: boolean }> {
  const { identity, announced, presignSeconds, traceparent, idempotencyKey } = options
  const id = randomUUID()
  const hash = idempotencyKey ? hashOf(announced) : null
  const added = await maybeOne<NewUpload>(
    db,
    sql`insert into media.uploads (id, organisation_id, created_by, hospital_id, filename, content_type, size_bytes,
        sha256, object_key, traceparent, idempotency_key, idempotency_hash, expires_at)
      values (${id}, ${identity.organisation}, ${identity.subject}, ${announced.hospital_id ?? null},
        ${announced.filename}, ${announced.content_type}, ${announced.size_bytes}, ${announced.sha256 ?? null},
        ${`uploads/${id}/${safeFilename(announced.filename)}`}, ${traceparent ?? null}, ${idempotencyKey ?? null},
        ${hash}, now() + make_interval(secs => ${presignSeconds}))
      on conflict (organisation_id, created_by, idempotency_key) where idempotency_key is not null do nothing
      returning id, object_key, multipart_id, expires_at, idempotency_hash`,
  )
  if (added) return { ...added, replayed: false }
  const earlier = await renewed(db, options)
  if (earlier.idempotency_hash !== hash) {
    throw problem(
      409,
      'This Idempotency-Key was used for another file: choose a new key, or send the same body as then',
    )
  }
  return { ...earlier, replayed: true }
}

/** The earlier upload of a key, with the time of its new URL: an answer that was lost must not be one that has expired. */
function renewed(
  db: Queryable,
  { identity, presignSeconds, idempotencyKey, announced }: NewUploadOptions,
): Promise<NewUpload> {
  const same = sql`(u.idempotency_hash = ${hashOf(announced)} and u.status <> 'stored')`
  const revived = sql`(u.idempotency_hash = ${hashOf(announced)} and u.status = 'expired')`
  return one<NewUpload>(
    db,
    sql`update media.uploads u
      set expires_at = case when ${same} then now() + make_interval(secs => ${presignSeconds}) else u.expires_at end,
        status = case when ${revived} then 'waiting' else u.status end,
        multipart_id = case when ${revived} then null else u.multipart_id end
      where u.organisation_id = ${identity.organisation} and u.created_by = ${identity.subject}
        and u.idempotency_key = ${idempotencyKey}
      returning u.id, u.object_key, u.multipart_id, u.expires_at, u.idempotency_hash`,
  )
}

function hashOf(announced: Announced): string {
  const { filename, size_bytes, content_type, sha256, hospital_id } = announced
  const body = JSON.stringify([filename, size_bytes, content_type, sha256 ?? null, hospital_id ?? null])
  return createHash('sha256').update(body).digest('hex')
}

/** A 422 problem when the hospital is not one of the caller's organisation. */
export async function requireOwnHospital(
  db: Queryable,
  { organisation }: Identity,
  hospitalId: string | undefined,
): Promise<void> {
  if (hospitalId === undefined) return
  const found = await maybeOne(
    db,
    sql`select id from core.hospitals where id = ${hospitalId} and organisation_id = ${organisation}`,
  )
  if (found) return
  const message = 'is not a hospital of your organisation: see GET or POST /v1/core/hospitals'
  throw problem(422, `hospital_id ${message}`, { errors: [{ path: '/hospital_id', message }] })
}
