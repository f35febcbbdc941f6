/** What media asks the object store itself. */
import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  HeadObjectCommand,
  ListPartsCommand,
  type Part,
  S3ServiceException,
} from '@aws-sdk/client-s3'
import { problem } from '@glimmr/lib/errors'
import type { Media } from '../media.ts'

type Store = Pick<Media, 's3' | 'bucket'>

export type FoundObject = { sizeBytes: number; etag: string; sha256: string | undefined }

const timeoutMs = 15_000
const options = () => ({ abortSignal: AbortSignal.timeout(timeoutMs) })

/** The object's size, ETag and (hex) SHA-256 if the store knows it; undefined when there is none. */
export async function headObject({ s3, bucket }: Store, key: string): Promise<FoundObject | undefined> {
  const command = new HeadObjectCommand({ Bucket: bucket, Key: key, ChecksumMode: 'ENABLED' })
  const head = await asked(s3.send(command, options()), 'NotFound', 'NoSuchKey')
  if (!head) return undefined
  const { ContentLength = 0, ETag = '', ChecksumSHA256 } = head
  // Of an object in parts it is a checksum of checksums, and says nothing of the content.
  const sha256 = ChecksumSHA256 && !ChecksumSHA256.includes('-') ? ChecksumSHA256 : undefined
  return {
    sizeBytes: ContentLength,
    etag: ETag.replaceAll('"', ''),
    sha256: sha256 && Buffer.from(sha256, 'base64').toString('hex'),
  }
}

/** Begins a multipart upload and returns the store's id of it. */
export async function beginMultipart(
  { s3, bucket }: Store,
  { key, contentType }: { key: string; contentType: string },
): Promise<string> {
  const command = new CreateMultipartUploadCommand({ Bucket: bucket, Key: key, ContentType: contentType })
  const begun = await asked(s3.send(command, options()))
  if (!begun?.UploadId) throw new Error('the store began a multipart upload without an id')
  return begun.UploadId
}

export type Multipart = { key: string; multipartId: string; sizeBytes: number }

/**
 * Joins the parts when all bytes have arrived. Returns how many have, or undefined when the store does not know the
 * upload (any more: it may have been joined before). Whoever joins first, the others find the object.
 */
export async function joinParts(
  { s3, bucket }: Store,
  { key, multipartId, sizeBytes }: Multipart,
): Promise<number | undefined> {
  const place = { Bucket: bucket, Key: key, UploadId: multipartId }
  const parts: Part[] = []
  let marker: string | undefined
  do {
    const page = await asked(
      s3.send(new ListPartsCommand({ ...place, PartNumberMarker: marker }), options()),
      'NoSuchUpload',
    )
    if (!page) return undefined
    parts.push(...(page.Parts ?? []))
    marker = page.IsTruncated ? page.NextPartNumberMarker : undefined
  } while (marker)
  const arrived = parts.reduce((sum, part) => sum + (part.Size ?? 0), 0)
  if (arrived !== sizeBytes) return arrived
  const MultipartUpload = { Parts: parts.map(({ PartNumber, ETag }) => ({ PartNumber, ETag })) }
  const command = new CompleteMultipartUploadCommand({ ...place, MultipartUpload })
  await asked(s3.send(command, options()), 'NoSuchUpload')
  return arrived
}

/** Frees what has arrived of a multipart upload that will not end. */
export async function abortMultipart(
  { s3, bucket }: Store,
  { key, multipartId }: Omit<Multipart, 'sizeBytes'>,
): Promise<void> {
  const command = new AbortMultipartUploadCommand({ Bucket: bucket, Key: key, UploadId: multipartId })
  await asked(s3.send(command, options()), 'NoSuchUpload')
}

/** undefined for errors of these names; a 503 problem when the store does not answer. */
async function asked<Answer>(answer: Promise<Answer>, ...expected: string[]): Promise<Answer | undefined> {
  try {
    return await answer
  } catch (error) {
    if (error instanceof S3ServiceException && expected.includes(error.name)) return undefined
    const status = error instanceof S3ServiceException ? error.$metadata.httpStatusCode : undefined
    if (status !== undefined && status < 500) throw error
    throw problem(503, 'The object store does not answer; try again in a moment', {
      headers: { 'retry-after': '5' },
      cause: error,
    })
  }
}
