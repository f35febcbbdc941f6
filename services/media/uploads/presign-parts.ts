/** One URL a part, for files that one PUT cannot take. */
import { maybeOne, one } from '@glimmr/lib/db'
import { presignPart } from '@glimmr/lib/presign'
import { sql } from '@glimmr/lib/sql'
import type { Media } from '../media.ts'
import type { Announced, NewUpload } from './new-upload.ts'
import { abortMultipart, beginMultipart } from './object-store.ts'

const MiB = 1024 ** 2
const smallestPart = 64 * MiB
const mostParts = 200
/** A second. The URLs of all parts are given out together and have to last until the last one has been sent. */
const slowestBytes = 1_000_000
/** The store takes no signature for longer: 7 days. */
const longestSeconds = 604_800

/** Equal parts (R2 wants them so), few enough that signing them all is quick, in whole MiB. */
export function partSize(sizeBytes: number, maxPutBytes: number): number {
  const wanted = Math.max(smallestPart, Math.ceil(sizeBytes / mostParts / MiB) * MiB)
  return Math.min(wanted, maxPutBytes)
}

/** How long the URLs of a file's parts are good: long enough to send it over a slow line. */
export function partSeconds(sizeBytes: number, presignSeconds: number): number {
  return Math.min(longestSeconds, Math.max(presignSeconds, Math.ceil(sizeBytes / slowestBytes)))
}

export type PresignedParts = {
  part_size_bytes: number
  parts: { part_number: number; size_bytes: number; url: string }[]
}

export async function presignParts(
  media: Media,
  upload: NewUpload,
  announced: Announced,
): Promise<PresignedParts> {
  const { bucket, presigner } = media
  const expiresIn = partSeconds(announced.size_bytes, media.presignSeconds)
  const multipartId = upload.multipart_id ?? (await begin(media, upload, announced))
  const part_size_bytes = partSize(announced.size_bytes, media.maxPutBytes)
  const count = Math.ceil(announced.size_bytes / part_size_bytes)
  const parts: PresignedParts['parts'] = []
  for (let number = 1; number <= count; number++) {
    const sizeBytes = Math.min(part_size_bytes, announced.size_bytes - (number - 1) * part_size_bytes)
    const place = { bucket, key: upload.object_key }
    const url = await presignPart(presigner, place, { multipartId, number, sizeBytes, expiresIn })
    parts.push({ part_number: number, size_bytes: sizeBytes, url })
  }
  return { part_size_bytes, parts }
}

/** Begins it at the store. Of two requests with one idempotency key the second takes the first one's. */
async function begin(media: Media, upload: NewUpload, announced: Announced): Promise<string> {
  const key = upload.object_key
  const multipartId = await beginMultipart(media, { key, contentType: announced.content_type })
  const kept = await maybeOne(
    media.pool,
    sql`update media.uploads set multipart_id = ${multipartId} where id = ${upload.id} and multipart_id is null
      returning id`,
  )
  if (kept) return multipartId
  await abortMultipart(media, { key, multipartId })
  const { multipart_id } = await one<{ multipart_id: string }>(
    media.pool,
    sql`select multipart_id from media.uploads where id = ${upload.id}`,
  )
  return multipart_id
}
