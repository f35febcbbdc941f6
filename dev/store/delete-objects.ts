import { smallBody } from './body.ts'
import { type Call, header, headersOf } from './call.ts'
import { checksumsIn } from './checksums.ts'
import { matches } from './conditions.ts'
import { S3Error } from './errors.ts'
import { dropObject } from './objects.ts'
import { sendEmpty, sendXml } from './reply.ts'
import { childText, element, parseXml, s3Namespace } from './xml.ts'

/** DeleteObject: 204 whether or not there was one. */
export async function deleteObject(call: Call): Promise<void> {
  const ifMatch = header(call, 'if-match')
  const old = dropObject(call.store.catalog, call, existing => {
    if (ifMatch === undefined) return
    if (!existing) throw new S3Error('NoSuchKey')
    if (!matches(ifMatch, existing.etag))
      throw new S3Error('PreconditionFailed', undefined, { Condition: 'If-Match' })
  })
  if (old) await call.store.blobs.remove(old.segments)
  sendEmpty(call, 204)
}

const maxKeys = 1000

/** DeleteObjects: up to 1,000 keys in one body, answered one by one. */
export async function deleteObjects(call: Call): Promise<void> {
  if (header(call, 'content-md5') === undefined && Object.keys(checksumsIn(headersOf(call))).length === 0)
    throw new S3Error(
      'InvalidRequest',
      'Missing required header for this request: Content-MD5 OR x-amz-checksum-*',
    )
  const root = parseXml(await smallBody(call))
  const wanted = root?.children.filter(child => child.name === 'Object') ?? []
  if (root?.name !== 'Delete' || wanted.length === 0 || wanted.length > maxKeys)
    throw new S3Error('MalformedXML')
  const keys = wanted.map(object => {
    const key = childText(object, 'Key')
    if (!key || childText(object, 'VersionId')) throw new S3Error('MalformedXML')
    return key
  })
  for (const key of keys) {
    const old = dropObject(call.store.catalog, { bucket: call.bucket, key })
    if (old) await call.store.blobs.remove(old.segments)
  }
  const quiet = childText(root, 'Quiet') === 'true'
  const deleted = quiet ? [] : keys.map(key => `<Deleted>${element('Key', key)}</Deleted>`)
  sendXml(call, `<DeleteResult ${s3Namespace}>${deleted.join('')}</DeleteResult>`)
}
