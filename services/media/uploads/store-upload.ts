/**
 * The one place where an upload becomes a job. The client's call, the store's event and the sweep all end here; the
 * row's status decides, inside one transaction with the job, which of them was first.
 */
import { maybeOne, one, transaction } from '@glimmr/lib/db'
import { problem } from '@glimmr/lib/errors'
import { sql } from '@glimmr/lib/sql'
import { currentTraceparent, inSpan } from '@glimmr/lib/telemetry'
import type { Media } from '../media.ts'
import { type FoundObject, headObject, joinParts } from './object-store.ts'

export type StoredBy = 'complete' | 'event' | 'sweep'

/** What is needed of an upload's row. `size_bytes` is bigint and comes as a text. */
export type StoredUpload = {
  id: string
  organisation_id: string
  object_key: string
  multipart_id: string | null
  size_bytes: string
  sha256: string | null
  status: 'waiting' | 'stored' | 'expired'
  traceparent: string | null
  expired: boolean
}

export const storedUploadColumns = sql`u.id, u.organisation_id, u.object_key, u.multipart_id, u.size_bytes, u.sha256,
  u.status, u.traceparent, u.expires_at < now() as expired`

/** `arrived`: bytes of a multipart upload that are there, when it is not complete. */
export type Outcome =
  | { state: 'stored'; first: boolean }
  | { state: 'absent'; arrived: number }
  | { state: 'different'; found: FoundObject }

export type StoreOptions = { by: StoredBy; linkedTo?: string | undefined }

/** Looks for the object and, if it is what was promised, marks the upload stored and adds its job, once. */
export function storeUpload(
  media: Media,
  upload: StoredUpload,
  { by, linkedTo }: StoreOptions,
): Promise<Outcome> {
  if (upload.status === 'stored') return Promise.resolve({ state: 'stored', first: false })
  const parent = upload.traceparent ?? undefined
  const attributes = { 'glimmr.upload_id': upload.id, 'glimmr.stored_by': by }
  // The trace of the presign call goes on here, and through the job; the call that told of it is linked.
  return inSpan('upload stored', { parent, links: [linkedTo], attributes }, async () => {
    const sizeBytes = Number(upload.size_bytes)
    const { object_key: key, multipart_id: multipartId } = upload
    const arrived = multipartId ? await joinParts(media, { key, multipartId, sizeBytes }) : 0
    const found = await headObject(media, key)
    if (!found) return { state: 'absent', arrived: arrived ?? 0 }
    // A store that knows no checksum has enforced it all the same: it was signed.
    const otherHash = upload.sha256 && found.sha256 && upload.sha256 !== found.sha256
    if (found.sizeBytes !== sizeBytes || otherHash) return { state: 'different', found }
    const first = await markStored(media, upload, { by, etag: found.etag })
    if (first) media.metrics.stored.add({ by })
    return { state: 'stored', first }
  })
}

/** Both or neither: the row says stored and the job is there. Returns false when somebody else was first. */
function markStored(
  { pool }: Media,
  upload: StoredUpload,
  { by, etag }: { by: StoredBy; etag: string },
): Promise<boolean> {
  return transaction(pool, async client => {
    const marked = await maybeOne(
      client,
      sql`update media.uploads set status = 'stored', etag = ${etag}, stored_by = ${by}, stored_at = now()
        where id = ${upload.id} and status <> 'stored' returning id`,
    )
    if (!marked) return false
    const traceparent = currentTraceparent() ?? upload.traceparent
    await one(
      client,
      sql`select jobs.add_load(${upload.id}::uuid, ${upload.organisation_id}::uuid, ${upload.size_bytes}::bigint,
        ${traceparent}::text)`,
    )
    return true
  })
}

/** The 409 problem for an upload that cannot be completed now: what is missing, and what to do. */
export function notComplete(upload: StoredUpload, outcome: Exclude<Outcome, { state: 'stored' }>) {
  const size = upload.size_bytes
  if (outcome.state === 'different') {
    return problem(
      409,
      `What is in the store has ${outcome.found.sizeBytes} bytes or another content than was announced (${size} bytes): presign a new upload and send the file again`,
    )
  }
  if (upload.expired) {
    return problem(
      409,
      'The file is not in the store and the URL has expired: ask for a new one with POST /v1/media/presign, then PUT the file to it',
    )
  }
  const arrived = upload.multipart_id ? ` (${outcome.arrived} of ${size} bytes are)` : ''
  return problem(
    409,
    `The file is not in the store yet${arrived}: PUT it to the url of the presign answer, with the headers given there, then call this again`,
  )
}
