import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { type Call, header, parameter } from './call.ts'
import { checksumHeaders } from './checksums.ts'
import { checkRead } from './conditions.ts'
import { S3Error } from './errors.ts'
import { findObject, type StoredObject } from './objects.ts'
import { checksumTypeHeader } from './put-object.ts'
import { type ByteRange, partRange, requestedRange } from './range.ts'
import { quoted, sendEmpty } from './reply.ts'
import { metadataHeaders } from './stored-headers.ts'

/** GetObject and HeadObject: whole, by range or by part number, under RFC 9110 conditions. */
export async function getObject(call: Call): Promise<void> {
  const { store, response, request } = call
  const object = requireObject(call)
  if (checkRead(object, name => header(call, name)) === 'not-modified') {
    return sendEmpty(call, 304, validators(object))
  }
  const range = rangeOf(call, object)
  const { start, end } = range ?? { start: 0, end: object.size - 1 }
  response.writeHead(range ? 206 : 200, {
    ...objectHeaders(call, object, range),
    'content-length': end - start + 1,
  })
  if (request.method === 'HEAD' || end < start) return void response.end()
  // The bytes stay readable to the end even if the object is replaced or deleted meanwhile.
  const release = store.blobs.hold(object.segments)
  await pipeline(
    Readable.from(store.blobs.read(object.segments, start, end), { objectMode: false }),
    response,
  ).finally(release)
}

/** The object of the call; throws NoSuchKey. */
export function requireObject({ store, bucket, key }: Pick<Call, 'store' | 'bucket' | 'key'>): StoredObject {
  const object = findObject(store.catalog, bucket, key)
  if (!object) throw new S3Error('NoSuchKey', undefined, { Key: key })
  return object
}

function rangeOf(call: Call, object: StoredObject): ByteRange | undefined {
  const partNumber = parameter(call, 'partNumber')
  // On HEAD a range has no effect with R2.
  const text = call.request.method === 'HEAD' ? undefined : header(call, 'range')
  if (partNumber !== undefined && text !== undefined) {
    throw new S3Error('InvalidRequest', 'Cannot specify both Range header and partNumber query parameter')
  }
  if (partNumber !== undefined) return partRange(object, partNumber)
  const ifRange = header(call, 'if-range')
  // One strong ETag or the very date, no list and no `*` (RFC 9110, 13.1.5).
  const changed = ifRange !== undefined && ifRange !== quoted(object.etag) && ifRange !== httpTime(object)
  return changed ? undefined : requestedRange(text, object.size)
}

function objectHeaders(
  call: Call,
  object: StoredObject,
  range: ByteRange | undefined,
): Record<string, string> {
  const wantsChecksum = header(call, 'x-amz-checksum-mode')?.toUpperCase() === 'ENABLED'
  return {
    ...object.headers,
    ...metadataHeaders(object.metadata),
    ...validators(object),
    ...overrides(call),
    'accept-ranges': 'bytes',
    ...(range ? { 'content-range': `bytes ${range.start}-${range.end}/${object.size}` } : {}),
    // A checksum is that of the whole object; an SDK would hold it against the piece it gets.
    ...(wantsChecksum && !range
      ? { ...checksumHeaders(object.checksums), ...checksumTypeHeader(object) }
      : {}),
    ...(object.segments.length > 1 && parameter(call, 'partNumber')
      ? { 'x-amz-mp-parts-count': String(object.segments.length) }
      : {}),
  }
}

const overridable = [
  'cache-control',
  'content-disposition',
  'content-encoding',
  'content-language',
  'content-type',
  'expires',
]

/** `?response-content-disposition=…` and its kin: a signed URL may say how its answer is to be labelled. */
function overrides(call: Call): Record<string, string> {
  const wanted = overridable.map(name => [name, parameter(call, `response-${name}`)] as const)
  return Object.fromEntries(
    wanted.flatMap(([name, value]) => {
      if (value === undefined) return []
      if (!/^[\t\x20-\x7e\xa0-\xff]*$/.test(value))
        throw new S3Error('InvalidArgument', `response-${name} is not valid.`)
      return [[name, value]]
    }),
  )
}

function validators(object: StoredObject): Record<string, string> {
  return { etag: quoted(object.etag), 'last-modified': httpTime(object) }
}

const httpTime = ({ modifiedMs }: StoredObject) => new Date(modifiedMs).toUTCString()
