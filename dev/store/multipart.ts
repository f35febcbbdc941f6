import { randomUUID } from 'node:crypto'
import { announcedChecksum, checkedBody, smallBody } from './body.ts'
import { type Call, header, parameter } from './call.ts'
import { inTransaction } from './catalog.ts'
import { checksumHeaders, checksumName } from './checksums.ts'
import { writeCondition } from './conditions.ts'
import { S3Error } from './errors.ts'
import { findObject } from './objects.ts'
import { quoted, sendEmpty, sendXml } from './reply.ts'
import { storedHeaders } from './stored-headers.ts'
import { addUpload, endUpload, type Part, replacePart, requireUpload, type Upload } from './uploads.ts'
import { element, s3Namespace } from './xml.ts'

/** Multipart uploads, but for complete-multipart.ts: begin, send parts in any order and again if need be, abort. */

export const maxParts = 10_000

export async function createMultipart(call: Call): Promise<void> {
  await smallBody(call)
  const { bucket, key, store } = call
  writeCondition(name => header(call, name))(findObject(store.catalog, bucket, key))
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

/** Which checksum the object will have: of all its bytes, or (composite) of those of its parts. R2 has one way for each. */
function checksumKind(call: Call): Pick<Upload, 'checksum' | 'checksumType'> {
  const algorithm = header(call, 'x-amz-checksum-algorithm')
  const asked = header(call, 'x-amz-checksum-type')
  if (algorithm === undefined && asked === undefined) return { checksum: undefined, checksumType: undefined }
  const checksum = checksumName(algorithm ?? '')
  if (!checksum)
    throw new S3Error('InvalidRequest', `Checksum algorithm ${algorithm ?? ''} is not supported.`)
  const type = checksum === 'crc64nvme' ? 'FULL_OBJECT' : 'COMPOSITE'
  if (asked !== undefined && asked !== type)
    throw new S3Error(
      'InvalidRequest',
      `The ${asked} checksum type cannot be used with the ${algorithm} checksum algorithm.`,
    )
  return { checksum, checksumType: type }
}

export async function uploadPart(call: Call): Promise<void> {
  const { store } = call
  const upload = requireUpload(store, uploadWanted(call))
  const number = partNumber(call)
  requireSameAlgorithm(call, upload)
  const body = checkedBody(call, {
    maxBytes: store.limits.bodyBytes,
    // Of all the bytes it is computed here, so a part need not bring it.
    ...(upload.checksum && upload.checksumType === 'FULL_OBJECT' ? { compute: upload.checksum } : {}),
  })
  const segment = await store.blobs.write(body.chunks)
  const { md5, checksums, size } = body.facts()
  const part: Part = {
    ...{ number, size, blob: segment.blob, checksums, modifiedMs: store.now() },
    etag: md5.toString('hex'),
  }
  try {
    const old = inTransaction(store.catalog, () => {
      requireUpload(store, upload)
      return replacePart(store.catalog, upload.id, part)
    })
    if (old) await store.blobs.remove([old])
  } catch (error) {
    await store.blobs.remove([segment])
    throw error
  }
  sendEmpty(call, 200, { etag: quoted(part.etag), ...checksumHeaders(checksums) })
}

/**
 * A part brings the checksum that the upload was begun with, and no other: said before the first byte of it. To an upload
 * that was begun without one SDKs send each part with a CRC-32, which S3 takes for what it is.
 */
function requireSameAlgorithm(call: Call, { checksum, checksumType }: Upload): void {
  const brought = announcedChecksum(call)
  if (checksum === undefined || brought === checksum) return
  if (brought === undefined && checksumType === 'FULL_OBJECT') return
  throw new S3Error(
    'InvalidRequest',
    `Checksum Type mismatch occurred, expected checksum Type: ${checksum}, actual checksum Type: ${brought ?? null}`,
  )
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
  const upload = requireUpload(call.store, uploadWanted(call))
  await endUpload(call.store, upload.id)
  sendEmpty(call, 204)
}

/** The upload a call names, for requireUpload. */
export function uploadWanted(call: Call): { id: string; bucket: string; key: string } {
  return { id: parameter(call, 'uploadId') ?? '', bucket: call.bucket, key: call.key }
}
