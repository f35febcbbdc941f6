import type { Store } from './call.ts'
import { type Catalog, inTransaction } from './catalog.ts'
import { type ChecksumName, type Checksums, checksumName } from './checksums.ts'
import { S3Error } from './errors.ts'

/** A multipart upload that has begun and not ended. */
export type Upload = {
  id: string
  bucket: string
  key: string
  headers: Record<string, string>
  metadata: Record<string, string>
  checksum: ChecksumName | undefined
  checksumType: 'COMPOSITE' | 'FULL_OBJECT' | undefined
  startedMs: number
}

/** A part of it; `etag` is without quotes. */
export type Part = {
  number: number
  size: number
  etag: string
  blob: string
  checksums: Checksums
  modifiedMs: number
}

type Row = Record<string, unknown>

const columns = 'id, bucket, key, headers, metadata, checksum, checksum_type, started_ms'

export function addUpload(catalog: Catalog, upload: Upload): void {
  catalog
    .prepare(`insert into uploads (${columns}) values (?, ?, ?, ?, ?, ?, ?, ?)`)
    .run(
      ...[upload.id, upload.bucket, Buffer.from(upload.key), JSON.stringify(upload.headers)],
      ...[
        JSON.stringify(upload.metadata),
        upload.checksum ?? null,
        upload.checksumType ?? null,
        upload.startedMs,
      ],
    )
}

/** So long an upload may take, as with R2. */
const lifetimeMs = 7 * 24 * 3600 * 1000

/** The upload of that id if it is for this bucket and key, and not too old; throws NoSuchUpload. */
export function requireUpload(
  { catalog, now }: Pick<Store, 'catalog' | 'now'>,
  wanted: { id: string; bucket: string; key: string },
): Upload {
  const row = catalog
    .prepare(`select ${columns} from uploads where id = ? and bucket = ? and key = ? and started_ms >= ?`)
    .get(wanted.id, wanted.bucket, Buffer.from(wanted.key), now() - lifetimeMs)
  if (!row) throw new S3Error('NoSuchUpload', undefined, { UploadId: wanted.id })
  return uploadOf(row)
}

/** Uploads of a bucket in order of key and id, behind a marker. */
export function uploadsAfter(
  { catalog, now }: Pick<Store, 'catalog' | 'now'>,
  bucket: string,
  marker: { key: string; id: string },
  limit: number,
): Upload[] {
  return catalog
    .prepare(
      `select ${columns} from uploads where bucket = ? and (key, id) > (?, ?) and started_ms >= ? order by key, id limit ?`,
    )
    .all(bucket, Buffer.from(marker.key), marker.id, now() - lifetimeMs, limit)
    .map(uploadOf)
}

/** Adds a part or takes the place of the one with its number, and returns that. The caller has opened a transaction. */
export function replacePart(catalog: Catalog, uploadId: string, part: Part): Part | undefined {
  const old = catalog
    .prepare('select * from parts where upload_id = ? and number = ?')
    .get(uploadId, part.number)
  catalog
    .prepare(
      `insert or replace into parts (upload_id, number, size, etag, blob, checksums, modified_ms)
       values (?, ?, ?, ?, ?, ?, ?)`,
    )
    .run(
      uploadId,
      part.number,
      part.size,
      part.etag,
      part.blob,
      JSON.stringify(part.checksums),
      part.modifiedMs,
    )
  return old && partOf(old)
}

/** Parts in order of number, behind a marker. */
export function partsAfter(catalog: Catalog, uploadId: string, marker = 0, limit = 10_000): Part[] {
  return catalog
    .prepare('select * from parts where upload_id = ? and number > ? order by number limit ?')
    .all(uploadId, marker, limit)
    .map(partOf)
}

/** Forgets an upload and its parts; their bytes are the caller's to keep or remove. */
export function dropUpload(catalog: Catalog, id: string): void {
  catalog.prepare('delete from uploads where id = ?').run(id)
}

/** Ends an upload without an object, with the bytes that have arrived of it. */
export async function endUpload(
  { catalog, blobs }: Pick<Store, 'catalog' | 'blobs'>,
  id: string,
): Promise<void> {
  const parts = inTransaction(catalog, () => {
    const parts = partsAfter(catalog, id)
    dropUpload(catalog, id)
    return parts
  })
  await blobs.remove(parts)
}

/** Ends the uploads that are too old: nobody sees them any more, here their bytes go. */
export async function endOldUploads(store: Pick<Store, 'catalog' | 'blobs' | 'now'>): Promise<void> {
  const old = store.catalog
    .prepare('select id from uploads where started_ms < ?')
    .all(store.now() - lifetimeMs)
  for (const { id } of old) await endUpload(store, String(id))
}

function uploadOf(row: Row): Upload {
  const type = row.checksum_type
  return {
    id: String(row.id),
    bucket: String(row.bucket),
    key: Buffer.from(row.key as Uint8Array).toString(),
    headers: JSON.parse(String(row.headers)),
    metadata: JSON.parse(String(row.metadata)),
    checksum: row.checksum === null ? undefined : checksumName(String(row.checksum)),
    checksumType: type === 'COMPOSITE' || type === 'FULL_OBJECT' ? type : undefined,
    startedMs: Number(row.started_ms),
  }
}

function partOf(row: Row): Part {
  return {
    number: Number(row.number),
    size: Number(row.size),
    etag: String(row.etag),
    blob: String(row.blob),
    checksums: JSON.parse(String(row.checksums)),
    modifiedMs: Number(row.modified_ms),
  }
}
