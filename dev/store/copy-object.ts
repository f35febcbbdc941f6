import type { Segment } from './blobs.ts'
import { requireBucket } from './buckets.ts'
import { type Call, header } from './call.ts'
import { checksumElement } from './checksums.ts'
import { checkRead, writeCondition } from './conditions.ts'
import { S3Error } from './errors.ts'
import { requireObject } from './get-object.ts'
import { findObject, type StoredObject } from './objects.ts'
import { commitObject } from './put-object.ts'
import { isoTime, quoted, sendXml } from './reply.ts'
import { storedHeaders } from './stored-headers.ts'
import { decodeUri } from './uri.ts'
import { element, s3Namespace } from './xml.ts'

/** CopyObject: within the store, up to the size of one PUT, with the headers of the source or new ones. */
export async function copyObject(call: Call): Promise<void> {
  const { store, bucket, key } = call
  const from = sourceOf(call)
  requireBucket(store, from.bucket)
  const source = requireObject({ store, ...from })
  const replace = header(call, 'x-amz-metadata-directive') === 'REPLACE'
  if (!replace && from.bucket === bucket && from.key === key) {
    throw new S3Error(
      'InvalidRequest',
      'An object can be copied onto itself only with x-amz-metadata-directive: REPLACE.',
    )
  }
  if (source.size > store.limits.bodyBytes) throw new S3Error('EntityTooLarge')
  if (checkRead(source, name => header(call, `x-amz-copy-source-${name}`)) === 'not-modified') {
    throw new S3Error('PreconditionFailed')
  }
  const check = destinationCondition(call)
  check(findObject(store.catalog, bucket, key))
  const object: StoredObject = {
    ...source,
    ...(replace ? storedHeaders(call) : {}),
    ...{ bucket, key, modifiedMs: store.now(), segments: await copySegments(call, source.segments) },
  }
  await commitObject(call, object, { check, event: 'ObjectCreated:Copy' })
  const checksums = Object.entries(object.checksums).map(([name, value]) =>
    element(checksumElement(name), value),
  )
  sendXml(
    call,
    `<CopyObjectResult ${s3Namespace}>${element('ETag', quoted(object.etag))}${element('LastModified', isoTime(object.modifiedMs))}${checksums.join('')}</CopyObjectResult>`,
  )
}

/** R2 takes conditions on what is overwritten under names of its own, and knows no others here. */
function destinationCondition(call: Call): (old: StoredObject | undefined) => void {
  const unknown = ['if-match', 'if-none-match', 'if-modified-since', 'if-unmodified-since'].find(
    name => header(call, name) !== undefined,
  )
  if (unknown)
    throw new S3Error('NotImplemented', `A copy takes cf-copy-destination-${unknown}, not ${unknown}.`)
  return writeCondition(name => header(call, `cf-copy-destination-${name}`))
}

function sourceOf(call: Call): { bucket: string; key: string } {
  const text = decodeUri(header(call, 'x-amz-copy-source') ?? '')
  const match = /^\/?([^/]+)\/(.+)$/s.exec(text)
  if (!match || /\?versionId=/.test(header(call, 'x-amz-copy-source') ?? '')) {
    throw new S3Error(
      'InvalidArgument',
      'x-amz-copy-source must be "/bucket/key", percent-encoded and without a version.',
    )
  }
  return { bucket: match[1] ?? '', key: match[2] ?? '' }
}

async function copySegments({ store }: Call, segments: readonly Segment[]): Promise<Segment[]> {
  const release = store.blobs.hold(segments)
  const copies: Segment[] = []
  try {
    for (const segment of segments) copies.push(await store.blobs.copy(segment))
    return copies
  } catch (error) {
    await store.blobs.remove(copies)
    throw error
  } finally {
    release()
  }
}
