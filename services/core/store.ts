/** The object store as core uses it: it only reads, to show where a price comes from. */
import { createS3Client, type S3Config } from '@glimmr/lib/s3'

export type Store = {
  client: ReturnType<typeof createS3Client>
  bucket: string
  /** How far into a compressed file a row may stand, in decompressed bytes. */
  maxProofBytes: number
  proofTimeoutMs: number
}

export function createStore(
  s3: S3Config,
  { maxProofBytes = 4 * 1024 ** 3, proofTimeoutMs = 60_000 } = {},
): Store {
  return { client: createS3Client(s3), bucket: s3.bucket, maxProofBytes, proofTimeoutMs }
}
