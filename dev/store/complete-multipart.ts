import { createHash } from 'node:crypto'
import { smallBody } from './body.ts'
import { type Call, header, headersOf } from './call.ts'
import {
  type ChecksumName,
  type Checksums,
  checksumElement,
  checksumName,
  createChecksum,
} from './checksums.ts'
import { writeCondition } from './conditions.ts'
import { S3Error } from './errors.ts'
import { maxParts, uploadWanted } from './multipart.ts'
import type { StoredObject } from './objects.ts'
import { commitObject } from './put-object.ts'
import { quoted, sendXml } from './reply.ts'
import { dropUpload, endUpload, type Part, partsAfter, requireUpload, type Upload } from './uploads.ts'
import { childText, element, parseXml, s3Namespace, type XmlElement } from './xml.ts'

/**
 * CompleteMultipartUpload. No byte is copied: the files of the parts become the segments of the object, so five
 * terabytes are joined as fast as five bytes. Its ETag is the MD5 of the MD5s of the parts, `-`, their number.
 */
export async function completeMultipart(call: Call): Promise<void> {
  const { store, bucket, key } = call
  const wanted = wantedParts(await smallBody(call))
  const upload = requireUpload(store, uploadWanted(call))
  const all = partsAfter(store.catalog, upload.id)
  const parts = chosenParts(all, wanted, { minBytes: store.limits.partBytes, upload })
  const size = parts.reduce((sum, part) => sum + part.size, 0)
  if (size > store.limits.objectBytes) throw new S3Error('EntityTooLarge')
  const announced = header(call, 'x-amz-mp-object-size')
  if (announced !== undefined && Number(announced) !== size)
    throw new S3Error('InvalidRequest', 'x-amz-mp-object-size does not match.')
  const checksums = await objectChecksums(call, upload, parts)
  const object: StoredObject = {
    ...{ bucket, key, size, checksums, checksumType: upload.checksumType },
    ...{ headers: upload.headers, metadata: upload.metadata, modifiedMs: store.now() },
    etag: joined(
      parts.map(part => Buffer.from(part.etag, 'hex')),
      'md5',
      'hex',
    ),
    segments: parts.map(part => ({ blob: part.blob, size: part.size })),
  }
  await commitObject(call, object, {
    check: writeCondition(name => header(call, name)),
    event: 'ObjectCreated:CompleteMultipartUpload',
    also: () => {
      requireUnchanged(call, upload, parts)
      dropUpload(store.catalog, upload.id)
    },
  }).catch(async error => {
    // A condition that does not hold ends the upload with R2 (its release notes, 2023-08-11).
    if (error instanceof S3Error && error.code === 'PreconditionFailed') await endUpload(store, upload.id)
    throw error
  })
  const used = new Set(parts.map(part => part.blob))
  await store.blobs.remove(all.filter(part => !used.has(part.blob)))
  answer(call, object)
}

type Wanted = { number: number; etag: string; checksums: Checksums }

/** The parts the client lists. Throws MalformedXML or InvalidPartOrder. */
function wantedParts(body: string): Wanted[] {
  const root = parseXml(body)
  if (root?.name !== 'CompleteMultipartUpload') throw new S3Error('MalformedXML')
  const parts = root.children.filter(child => child.name === 'Part').map(wantedPart)
  if (parts.length === 0 || parts.length > maxParts) throw new S3Error('MalformedXML')
  if (parts.some((part, at) => at > 0 && part.number <= (parts[at - 1]?.number ?? 0)))
    throw new S3Error('InvalidPartOrder')
  return parts
}

function wantedPart(element: XmlElement): Wanted {
  const number = Number(childText(element, 'PartNumber') ?? Number.NaN)
  const etag = (childText(element, 'ETag') ?? '').trim().replaceAll('"', '')
  if (!Number.isInteger(number) || etag === '') throw new S3Error('MalformedXML')
  const sums = element.children.filter(child => child.name.startsWith('Checksum'))
  return {
    number,
    etag,
    checksums: Object.fromEntries(sums.map(sum => [checksumName(sum.name.slice(8)), sum.text])),
  }
}

type Rules = { minBytes: number; upload: Upload }

function chosenParts(all: Part[], wanted: Wanted[], { minBytes, upload }: Rules): Part[] {
  requireSums(wanted, upload)
  const byNumber = new Map(all.map(part => [part.number, part]))
  const parts = wanted.map(({ number, etag, checksums }) => {
    const part = byNumber.get(number)
    const same = part && part.etag === etag && sameSums(part.checksums, checksums)
    if (!same) throw new S3Error('InvalidPart', undefined, { PartNumber: String(number), ETag: etag })
    return part
  })
  const full = parts.slice(0, -1)
  const small = full.find(part => part.size < minBytes)
  if (small) {
    const fields = {
      PartNumber: String(small.number),
      ProposedSize: String(small.size),
      MinSizeAllowed: String(minBytes),
    }
    throw new S3Error('EntityTooSmall', undefined, fields)
  }
  // S3 would take them; R2, for which this store stands, does not.
  const odd =
    full.some(part => part.size !== full[0]?.size) || (parts.at(-1)?.size ?? 0) > (full[0]?.size ?? Infinity)
  if (odd) throw new S3Error('InvalidPart', 'All non-trailing parts must have the same length.')
  return parts
}

/** What the checksum of the object is made of must be said again. */
function requireSums(wanted: Wanted[], { checksum, checksumType }: Upload): void {
  if (!checksum || checksumType !== 'COMPOSITE') return
  const without = wanted.find(part => part.checksums[checksum] === undefined)
  if (without)
    throw new S3Error(
      'InvalidRequest',
      `The upload was created using a ${checksum} checksum. The complete request must include the checksum for each part. It was missing for part ${without.number} in the request.`,
    )
}

const sameSums = (stored: Checksums, sent: Checksums) =>
  Object.entries(sent).every(([name, value]) => (stored as Record<string, string>)[name] === value)

/** A part may have been sent again, or the upload ended, while a full checksum was computed. */
function requireUnchanged({ store }: Call, upload: Upload, parts: Part[]): void {
  requireUpload(store, upload)
  const now = new Map(partsAfter(store.catalog, upload.id).map(part => [part.number, part.blob]))
  if (parts.some(part => now.get(part.number) !== part.blob)) throw new S3Error('InvalidPart')
}

async function objectChecksums(call: Call, upload: Upload, parts: Part[]): Promise<Checksums> {
  const name = upload.checksum
  if (!name) return {}
  const value = upload.checksumType === 'COMPOSITE' ? composite(name, parts) : await whole(call, name, parts)
  const sent = headersOf(call).find(([header]) => header === `x-amz-checksum-${name}`)?.[1]
  // Clients send a composite one with or without the number of parts behind it.
  if (sent !== undefined && sent !== value && `${sent}-${parts.length}` !== value)
    throw new S3Error('BadDigest')
  return { [name]: value }
}

function composite(name: ChecksumName, parts: Part[]): string {
  const checksum = createChecksum(name)
  for (const part of parts) checksum.update(Buffer.from(part.checksums[name] ?? '', 'base64'))
  return `${checksum.digest().toString('base64')}-${parts.length}`
}

async function whole({ store }: Call, name: ChecksumName, parts: Part[]): Promise<string> {
  const checksum = createChecksum(name)
  const release = store.blobs.hold(parts)
  try {
    const last = parts.reduce((sum, part) => sum + part.size, 0) - 1
    for await (const chunk of store.blobs.read(parts, 0, last)) checksum.update(chunk)
    return checksum.digest().toString('base64')
  } finally {
    release()
  }
}

function joined(digests: Buffer[], algorithm: 'md5', encoding: 'hex'): string {
  return `${createHash(algorithm).update(Buffer.concat(digests)).digest(encoding)}-${digests.length}`
}

function answer(call: Call, object: StoredObject): void {
  const sums = Object.entries(object.checksums).map(([name, value]) => element(checksumElement(name), value))
  const type = element('ChecksumType', object.checksumType)
  const location = element('Location', `/${object.bucket}/${object.key}`)
  sendXml(
    call,
    `<CompleteMultipartUploadResult ${s3Namespace}>${location}${element('Bucket', object.bucket)}${element('Key', object.key)}${element('ETag', quoted(object.etag))}${sums.join('')}${type}</CompleteMultipartUploadResult>`,
  )
}
