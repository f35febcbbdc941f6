import { type Call, parameter } from './call.ts'
import { S3Error } from './errors.ts'
import { objectsFrom, type StoredObject } from './objects.ts'
import { isoTime, quoted, sendXml } from './reply.ts'
import { encodePath } from './uri.ts'
import { element, s3Namespace } from './xml.ts'

/** What to list; `from` is the first key (in bytes, inclusive) that may appear. */
export type Listing = { bucket: string; prefix: string; delimiter: string; from: Buffer; maxKeys: number }

/** One page. `next` is where the following one begins, undefined at the end. */
export type Page = { objects: StoredObject[]; prefixes: string[]; next: Buffer | undefined }

/** ListObjectsV2, and version 1 for the tools that still send it. */
export function listObjects(call: Call): void {
  const version2 = parameter(call, 'list-type') === '2'
  const listing = listingOf(call, version2 ? startV2(call) : startV1(call))
  const page = listPage(call, listing)
  const encode = encoder(call)
  const next = page.next?.toString('base64url')
  const body = [
    element('Name', call.bucket),
    element('Prefix', encode(listing.prefix)),
    version2 ? '' : element('Marker', encode(parameter(call, 'marker') ?? '')),
    element('Delimiter', listing.delimiter ? encode(listing.delimiter) : undefined),
    element('MaxKeys', listing.maxKeys),
    element('EncodingType', parameter(call, 'encoding-type')),
    element('IsTruncated', page.next !== undefined),
    version2 ? element('KeyCount', page.objects.length + page.prefixes.length) : '',
    version2 ? element('ContinuationToken', parameter(call, 'continuation-token')) : '',
    version2 ? element('NextContinuationToken', next) : element('NextMarker', next && encode(lastOf(page))),
    version2 ? element('StartAfter', optional(parameter(call, 'start-after'), encode)) : '',
    ...page.objects.map(object => contents(object, encode)),
    ...page.prefixes.map(prefix => `<CommonPrefixes>${element('Prefix', encode(prefix))}</CommonPrefixes>`),
  ]
  sendXml(call, `<ListBucketResult ${s3Namespace}>${body.join('')}</ListBucketResult>`)
}

/**
 * Walks the keys from `from` on. Under a delimiter a whole folder counts as one, and the walk jumps behind it by index
 * instead of reading it, so a page costs the same beside a folder of a million keys.
 */
export function listPage(
  call: Pick<Call, 'store'>,
  { bucket, prefix, delimiter, from, maxKeys }: Listing,
): Page {
  const page: Page = { objects: [], prefixes: [], next: undefined }
  let at = Buffer.compare(from, Buffer.from(prefix)) > 0 ? from : Buffer.from(prefix)
  while (maxKeys > 0) {
    const room = maxKeys - page.objects.length - page.prefixes.length
    const batch = objectsFrom(call.store.catalog, bucket, at, delimiter ? Math.min(room + 1, 100) : room + 1)
    if (batch.length === 0) return page
    for (const object of batch) {
      if (!object.key.startsWith(prefix)) return page
      const key = Buffer.from(object.key)
      if (Buffer.compare(key, at) < 0) continue
      if (page.objects.length + page.prefixes.length === maxKeys) return { ...page, next: at }
      const end = delimiter ? object.key.indexOf(delimiter, prefix.length) : -1
      const folder = end < 0 ? undefined : object.key.slice(0, end + delimiter.length)
      if (folder) page.prefixes.push(folder)
      else page.objects.push(object)
      at = folder ? behind(folder) : Buffer.concat([key, Buffer.of(0)])
    }
  }
  return page
}

/** The first key that does not begin with `text`: its last byte plus one; UTF-8 has no byte 0xff, so that always works. */
function behind(text: string): Buffer {
  const bytes = Buffer.from(text)
  bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) + 1
  return bytes
}

function listingOf(call: Call, from: Buffer): Listing {
  const maxKeys = parameter(call, 'max-keys') || '1000'
  if (!/^\d{1,9}$/.test(maxKeys))
    throw new S3Error('InvalidArgument', 'max-keys must be a number from 0 to 1000.')
  return {
    bucket: call.bucket,
    prefix: parameter(call, 'prefix') ?? '',
    delimiter: parameter(call, 'delimiter') ?? '',
    maxKeys: Math.min(Number(maxKeys), 1000),
    from,
  }
}

function startV2(call: Call): Buffer {
  const token = parameter(call, 'continuation-token')
  if (token === undefined) return after(parameter(call, 'start-after') ?? '')
  const from = Buffer.from(token, 'base64url')
  if (token === '' || from.toString('base64url') !== token) {
    throw new S3Error('InvalidArgument', 'The continuation token provided is incorrect')
  }
  return from
}

/** A marker may be a key or a common prefix of the page before; behind the latter no key of that folder follows. */
function startV1(call: Call): Buffer {
  const marker = parameter(call, 'marker') ?? ''
  const delimiter = parameter(call, 'delimiter')
  const prefix = parameter(call, 'prefix') ?? ''
  const isFolder =
    delimiter &&
    marker.startsWith(prefix) &&
    marker.endsWith(delimiter) &&
    marker.indexOf(delimiter, prefix.length) === marker.length - delimiter.length
  return isFolder ? behind(marker) : after(marker)
}

const after = (key: string) =>
  key === '' ? Buffer.alloc(0) : Buffer.concat([Buffer.from(key), Buffer.of(0)])

function lastOf({ objects, prefixes }: Page): string {
  const [key = '', prefix = ''] = [objects.at(-1)?.key, prefixes.at(-1)]
  return Buffer.compare(Buffer.from(key), Buffer.from(prefix)) > 0 ? key : prefix
}

function encoder(call: Call): (text: string) => string {
  const type = parameter(call, 'encoding-type')
  if (type !== undefined && type !== 'url')
    throw new S3Error('InvalidArgument', 'Invalid Encoding Method specified in Request')
  return type === 'url' ? encodePath : text => text
}

const optional = (text: string | undefined, encode: (text: string) => string) =>
  text === undefined ? undefined : encode(text)

function contents(object: StoredObject, encode: (text: string) => string): string {
  const algorithms = Object.keys(object.checksums).map(name =>
    element('ChecksumAlgorithm', name.toUpperCase()),
  )
  return `<Contents>${element('Key', encode(object.key))}${element('LastModified', isoTime(object.modifiedMs))}${element('ETag', quoted(object.etag))}${algorithms.join('')}${element('Size', object.size)}<StorageClass>STANDARD</StorageClass></Contents>`
}
