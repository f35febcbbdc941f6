/** An object of the store as a source. Every read names the ETag: bytes of two versions never mix. */
import { Readable } from 'node:stream'
import { GetObjectCommand, HeadObjectCommand, type S3Client } from '@aws-sdk/client-s3'
import { answered, failWhenSilent } from './fail-when-silent.ts'
import { type Source, SourceChanged } from './source.ts'

export type StoreObject = {
  client: S3Client
  bucket: string
  key: string /** As the store gave it when the upload was completed. */
  etag?: string | null
  /** How long the store may be silent while it is waited for. */
  silentMs?: number
}

export async function storeSource(
  { client, bucket, key, etag, silentMs: ms = 60_000 }: StoreObject,
  signal: AbortSignal,
): Promise<Source> {
  const headOf = new HeadObjectCommand({ Bucket: bucket, Key: key })
  const head = await answered(abortSignal => client.send(headOf, { abortSignal }), { signal, ms }).catch(
    explained(key),
  )
  if (etag && head.ETag && bare(etag) !== bare(head.ETag))
    throw new SourceChanged(
      `the object ${key} was replaced after the upload was completed; upload the file again`,
    )
  return {
    name: key,
    sizeBytes: head.ContentLength ?? 0,
    contentEncoding: head.ContentEncoding,
    async read(range, abort) {
      const get = new GetObjectCommand({
        Bucket: bucket,
        Key: key,
        ...(head.ETag && { IfMatch: head.ETag }),
        ...(range && { Range: `bytes=${range.start}-${range.end - 1}` }),
      })
      const ask = (abortSignal: AbortSignal) => client.send(get, { abortSignal })
      const answer = await answered(ask, { signal: abort, ms }).catch(explained(key))
      if (!(answer.Body instanceof Readable)) throw new Error(`the store gave no stream for ${key}`)
      return failWhenSilent(answer.Body, ms)
    },
  }
}

function bare(etag: string): string {
  return etag.replace(/^W\//, '').replaceAll('"', '')
}

function explained(key: string) {
  return (error: unknown): never => {
    const status = (error as { $metadata?: { httpStatusCode?: number } }).$metadata?.httpStatusCode
    if (status === 412)
      throw new SourceChanged(`the object ${key} was replaced while it was read; upload the file again`, {
        cause: error,
      })
    if (status === 404)
      throw new SourceChanged(`the object ${key} is no longer in the store; upload the file again`, {
        cause: error,
      })
    throw error
  }
}
