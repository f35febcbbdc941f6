/** Bytes of an object of the store, of the very version that is meant: another one, or none, is an error with a name. */
import { Readable } from 'node:stream'
import { GetObjectCommand, type S3Client } from '@aws-sdk/client-s3'

export type StoredObject = {
  client: S3Client
  bucket: string
  key: string
  /** As the store gave it when the object was complete; null: not known, then the size alone tells. */
  etag: string | null
  sizeBytes: number
}

export type StoredRange = { start: number /** Exclusive. */; end: number }

/** The object is not in the store any more. */
export class ObjectGone extends Error {
  override name = 'ObjectGone'
}

/** Another object stands at its key. */
export class ObjectReplaced extends Error {
  override name = 'ObjectReplaced'
}

/** All bytes, or a range. Rejects with ObjectGone or ObjectReplaced before a byte is given. */
export async function readStoredObject(
  { client, bucket, key, etag, sizeBytes }: StoredObject,
  range: StoredRange | undefined,
  signal: AbortSignal,
): Promise<Readable> {
  const answer = await client
    .send(
      new GetObjectCommand({
        Bucket: bucket,
        Key: key,
        ...(etag && { IfMatch: etag }),
        ...(range && { Range: `bytes=${range.start}-${range.end - 1}` }),
      }),
      { abortSignal: signal },
    )
    .catch(explained(key))
  const { Body: body, ContentRange: part, ContentLength: length } = answer
  if (!(body instanceof Readable)) throw new Error(`the store gave no stream for ${key}`)
  const whole = part === undefined ? length : Number(part.split('/')[1])
  if (whole !== undefined && whole !== sizeBytes) {
    body.destroy()
    throw new ObjectReplaced(`the object ${key} has ${whole} bytes, not ${sizeBytes}`)
  }
  return body
}

function explained(key: string) {
  return (cause: unknown): never => {
    const status = (cause as { $metadata?: { httpStatusCode?: number } }).$metadata?.httpStatusCode
    if (status === 404) throw new ObjectGone(`the object ${key} is not in the store any more`, { cause })
    if (status === 412 || status === 416)
      throw new ObjectReplaced(`another object stands at ${key}`, { cause })
    throw cause
  }
}
