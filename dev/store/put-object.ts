import { checkedBody } from './body.ts'
import { type Call, header } from './call.ts'
import { checksumHeaders } from './checksums.ts'
import { writeCondition } from './conditions.ts'
import { createdRecord } from './event-record.ts'
import { findObject, type StoredObject, saveObject } from './objects.ts'
import { quoted, sendEmpty } from './reply.ts'
import { storedHeaders } from './stored-headers.ts'

/**
 * PutObject: the body goes to a new file while it is hashed and checked; when the file is on the disk, one transaction
 * puts it in place. Whatever fails before that leaves what was there.
 */
export async function putObject(call: Call): Promise<void> {
  const { store, bucket, key } = call
  const kept = storedHeaders(call)
  const check = writeCondition(name => header(call, name))
  // Asked early as well, so that a client need not send five gigabytes to hear that the name is taken.
  check(findObject(store.catalog, bucket, key))
  const body = checkedBody(call, { maxBytes: store.limits.bodyBytes })
  const segment = await store.blobs.write(body.chunks)
  const { md5, checksums, size } = body.facts()
  const object: StoredObject = {
    ...{ bucket, key, size, checksums, ...kept },
    etag: md5.toString('hex'),
    modifiedMs: store.now(),
    segments: [segment],
    checksumType: Object.keys(checksums).length > 0 ? 'FULL_OBJECT' : undefined,
  }
  await commitObject(call, object, { check, event: 'ObjectCreated:Put' })
  sendEmpty(call, 200, {
    etag: quoted(object.etag),
    ...checksumHeaders(checksums),
    ...checksumTypeHeader(object),
  })
}

/** Puts an object in place with its event, in one transaction; on failure its bytes are removed, on success the old one's. */
export async function commitObject(
  { store }: Call,
  object: StoredObject,
  options: { check: (old: StoredObject | undefined) => void; event: string; also?: () => void },
): Promise<void> {
  let old: StoredObject | undefined
  try {
    old = saveObject(store.catalog, object, {
      check: options.check,
      also: () => {
        options.also?.()
        store.events?.add(createdRecord(object, options.event, store.region))
      },
    })
  } catch (error) {
    // Parts stay: a complete that was refused may be tried again.
    if (!options.also) await store.blobs.remove(object.segments)
    throw error
  }
  store.events?.wake()
  if (old) await store.blobs.remove(old.segments)
}

export function checksumTypeHeader({ checksumType }: StoredObject): Record<string, string> {
  return checksumType ? { 'x-amz-checksum-type': checksumType } : {}
}
