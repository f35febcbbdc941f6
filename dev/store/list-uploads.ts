import { type Call, parameter } from './call.ts'
import { checksumElement } from './checksums.ts'
import { S3Error } from './errors.ts'
import { uploadWanted } from './multipart.ts'
import { isoTime, quoted, sendXml } from './reply.ts'
import { type Part, partsAfter, requireUpload, uploadsAfter } from './uploads.ts'
import { element, s3Namespace } from './xml.ts'

/** ListParts: what has arrived of an upload, so that a client can go on after a break. */
export function listParts(call: Call): void {
  const { catalog } = call.store
  const upload = requireUpload(call.store, uploadWanted(call))
  const marker = count(call, 'part-number-marker', 0)
  const limit = Math.min(count(call, 'max-parts', 1000), 1000)
  const found = partsAfter(catalog, upload.id, marker, limit + 1)
  const parts = found.slice(0, limit)
  const truncated = found.length > limit
  const body = [
    element('Bucket', call.bucket),
    element('Key', call.key),
    element('UploadId', upload.id),
    element('PartNumberMarker', marker),
    element('NextPartNumberMarker', truncated ? parts.at(-1)?.number : undefined),
    element('MaxParts', limit),
    element('IsTruncated', truncated),
    element('ChecksumAlgorithm', upload.checksum?.toUpperCase()),
    element('ChecksumType', upload.checksumType),
    '<StorageClass>STANDARD</StorageClass>',
    ...parts.map(partXml),
  ]
  sendXml(call, `<ListPartsResult ${s3Namespace}>${body.join('')}</ListPartsResult>`)
}

function partXml(part: Part): string {
  const sums = Object.entries(part.checksums).map(([name, value]) => element(checksumElement(name), value))
  return `<Part>${element('PartNumber', part.number)}${element('LastModified', isoTime(part.modifiedMs))}${element('ETag', quoted(part.etag))}${element('Size', part.size)}${sums.join('')}</Part>`
}

/** ListMultipartUploads, by prefix; grouping by delimiter is not implemented and says so. */
export function listUploads(call: Call): void {
  if (parameter(call, 'delimiter')) throw new S3Error('NotImplemented', 'delimiter is not implemented here.')
  const prefix = parameter(call, 'prefix') ?? ''
  const marker = {
    key: parameter(call, 'key-marker') ?? '',
    id: parameter(call, 'upload-id-marker') ?? '\u{10ffff}',
  }
  const limit = Math.min(count(call, 'max-uploads', 1000), 1000)
  const from =
    Buffer.compare(Buffer.from(prefix), Buffer.from(marker.key)) > 0 ? { key: prefix, id: '' } : marker
  const found = uploadsAfter(call.store, call.bucket, from, limit + 1).filter(upload =>
    upload.key.startsWith(prefix),
  )
  const uploads = found.slice(0, limit)
  const last = found.length > limit ? uploads.at(-1) : undefined
  const body = [
    element('Bucket', call.bucket),
    element('Prefix', prefix),
    element('KeyMarker', marker.key),
    element('NextKeyMarker', last?.key),
    element('NextUploadIdMarker', last?.id),
    element('MaxUploads', limit),
    element('IsTruncated', last !== undefined),
    ...uploads.map(({ key, id, startedMs }) => {
      return `<Upload>${element('Key', key)}${element('UploadId', id)}<StorageClass>STANDARD</StorageClass>${element('Initiated', isoTime(startedMs))}</Upload>`
    }),
  ]
  sendXml(call, `<ListMultipartUploadsResult ${s3Namespace}>${body.join('')}</ListMultipartUploadsResult>`)
}

function count(call: Call, name: string, otherwise: number): number {
  const text = parameter(call, name)
  if (text === undefined || text === '') return otherwise
  if (!/^\d{1,9}$/.test(text)) throw new S3Error('InvalidArgument', `${name} must be a number.`)
  return Number(text)
}
