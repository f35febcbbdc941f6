/**
 * Presigned requests to the object store. What a URL may be used for is part of its signature, so the store itself
 * refuses another size, type or content, and a second write; no byte passes through our processes.
 */
import { GetObjectCommand, PutObjectCommand, type S3Client, UploadPartCommand } from '@aws-sdk/client-s3'
import { getSignedUrl } from '@aws-sdk/s3-request-presigner'

/** An object's place in the store. */
export type ObjectPlace = { bucket: string; key: string }

export type PutPromise = ObjectPlace & {
  sizeBytes: number
  contentType: string
  /** Hex. */
  sha256?: string | undefined
}

/**
 * A PUT that is good once, for these bytes alone. `headers` have to be sent as they are; the size is signed too, and
 * every client sends it by itself.
 */
export async function presignPut(
  s3: S3Client,
  { bucket, key, sizeBytes, contentType, sha256 }: PutPromise,
  expiresIn: number,
): Promise<{ url: string; headers: Record<string, string> }> {
  const checksum = sha256 && Buffer.from(sha256, 'hex').toString('base64')
  const command = new PutObjectCommand({
    ...{ Bucket: bucket, Key: key, ContentType: contentType, ContentLength: sizeBytes, IfNoneMatch: '*' },
    ...(checksum && { ChecksumSHA256: checksum }),
  })
  const url = await getSignedUrl(s3, command, {
    expiresIn,
    signableHeaders: new Set([
      'host',
      'content-length',
      'content-type',
      'if-none-match',
      'x-amz-checksum-sha256',
    ]),
    // In the query it would be a wish; as a signed header it is held against the body.
    unhoistableHeaders: new Set(['x-amz-checksum-sha256']),
  })
  const headers = {
    'content-type': contentType,
    'if-none-match': '*',
    ...(checksum && { 'x-amz-checksum-sha256': checksum }),
  }
  return { url, headers }
}

/** A PUT of one part of a multipart upload, of exactly this size. */
export function presignPart(
  s3: S3Client,
  { bucket, key }: ObjectPlace,
  part: { multipartId: string; number: number; sizeBytes: number; expiresIn: number },
): Promise<string> {
  const command = new UploadPartCommand({
    ...{ Bucket: bucket, Key: key, UploadId: part.multipartId },
    ...{ PartNumber: part.number, ContentLength: part.sizeBytes },
  })
  return getSignedUrl(s3, command, {
    expiresIn: part.expiresIn,
    signableHeaders: new Set(['host', 'content-length']),
  })
}

/** A GET that saves the object under `filename`. */
export function presignGet(
  s3: S3Client,
  { bucket, key }: ObjectPlace,
  { filename, expiresIn }: { filename: string; expiresIn: number },
): Promise<string> {
  const command = new GetObjectCommand({
    ...{ Bucket: bucket, Key: key },
    ResponseContentDisposition: `attachment; filename*=UTF-8''${encodeExtended(filename)}`,
  })
  return getSignedUrl(s3, command, { expiresIn })
}

/** RFC 8187 §3.2.1. */
function encodeExtended(text: string): string {
  return encodeURIComponent(text.toWellFormed()).replace(
    /['()*]/g,
    char => `%${char.charCodeAt(0).toString(16).toUpperCase()}`,
  )
}
