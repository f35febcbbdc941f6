import { randomUUID } from 'node:crypto'
import { checkedBody, smallBody } from './body.ts'
import { type Call, header, parameter } from './call.ts'
import { inTransaction } from './catalog.ts'
import { type ChecksumName, checksumHeaders, checksumName } from './checksums.ts'
import { S3Error } from './errors.ts'
import { quoted, sendEmpty, sendXml } from './reply.ts'
import { storedHeaders } from './stored-headers.ts'
import {
  addUpload,
  dropUpload,
  type Part,
  partsAfter,
  replacePart,
  requireUpload,
  type Upload,
} from './uploads.ts'
import { element, s3Namespace } from './xml.ts'

/** Multipart uploads, but for complete-multipart.ts: begin, send parts in any order and again if need be, abort. */

export const maxParts = 10_000

export async function createMultipart(call: Call): Promise<void> {
  await smallBody(call)
  const { bucket, key, store } = call
  const upload: Upload = {
    ...{ id: randomUUID(), bucket, key, startedMs: store.now() },
    ...storedHeaders(call),
    ...checksumKind(call),
  }
  addUpload(store.catalog, upload)
  const headers: Record<string, string> = {}
  if (upload.checksum) headers['x-amz-checksum-algorithm'] = upload.checksum.toUpperCase()
  if (upload.checksumType) headers['x-amz-checksum-type'] = upload.checksumType
  sendXml(
    call,
    `<InitiateMultipartUploadResult ${s3Namespace}>${element('Bucket', bucket)}${element('Key', key)}${element('UploadId', upload.id)}</InitiateMultipartUploadResult>`,
    headers,
  )
}

/** Which checksum the object will have: of all its bytes, or (composite) of the checksums of its parts. */
function checksumKind(call: Call): Pick<Upload, 'checksum' | 'checksumType'> {
  const algorithm = header(call, 'x-amz-checksum-algorithm')
  if (algorithm === undefined) return { checksum: undefined, checksumType: undefined }
  const checksum = checksumName(algorithm)
  if (!checksum) throw new S3Error('InvalidRequest', `Checksum algorithm ${algorithm} is not supported.`)
  const type = header(call, 'x-amz-checksum-type') ?? (checksum === 'crc64nvme' ? 'FULL_OBJECT' : 'COMPOSITE')
  const fits =
    type === 'FULL_OBJECT' ? !checksum.startsWith('sha') : type === 'COMPOSITE' && checksum !== 'crc64nvme'
  if (!fits || (type !== 'FULL_OBJECT' && type !== 'COMPOSITE')) {
    throw new S3Error(
      'InvalidRequest',
      `The ${type} checksum type cannot be used with the ${algorithm} algorithm.`,
    )
  }
  return { checksum, checksumType: type }
}

export async function uploadPart(call: Call): Promise<void> {
  const { store } = call
  const upload = requireUpload(store.catalog, uploadWanted(call))
  const number = partNumber(call)
  const body = checkedBody(call, {
    maxBytes: store.limits.bodyBytes,
    ...(upload.checksum ? { compute: upload.checksum } : {}),
  })
  const segment = await store.blobs.write(body.chunks)
  const { md5, checksums, size } = body.facts()
  const part: Part = {
    ...{ number, size, blob: segment.blob, checksums, modifiedMs: store.now() },
    etag: md5.toString('hex'),
  }
  try {
    sameAlgorithm(upload.checksum, part)
    const old = inTransaction(store.catalog, () => {
      requireUpload(store.catalog, upload)
      return replacePart(store.catalog, upload.id, part)
    })
    if (old) await store.blobs.remove([old])
  } catch (error) {
    await store.blobs.remove([segment])
    throw error
  }
  sendEmpty(call, 200, { etag: quoted(part.etag), ...checksumHeaders(checksums) })
}

function sameAlgorithm(wanted: ChecksumName | undefined, { checksums }: Part): void {
  if (wanted && !checksums[wanted]) {
    throw new S3Error('InvalidRequest', `Checksum Type mismatch occurred, expected checksum Type: ${wanted}`)
  }
}

function partNumber(call: Call): number {
  const text = parameter(call, 'partNumber') ?? ''
  const number = Number(text)
  if (!/^\d{1,5}$/.test(text) || number < 1 || number > maxParts) {
    throw new S3Error(
      'InvalidArgument',
      `Part number must be an integer between 1 and ${maxParts}, inclusive`,
    )
  }
  return number
}

export async function abortMultipart(call: Call): Promise<void> {
  const { catalog, blobs } = call.store
  const parts = inTransaction(catalog, () => {
    const upload = requireUpload(catalog, uploadWanted(call))
    const parts = partsAfter(catalog, upload.id)
    dropUpload(catalog, upload.id)
    return parts
  })
  await blobs.remove(parts)
  sendEmpty(call, 204)
}

/** The upload a call names, for requireUpload. */
export function uploadWanted(call: Call): { id: string; bucket: string; key: string } {
  return { id: parameter(call, 'uploadId') ?? '', bucket: call.bucket, key: call.key }
}
