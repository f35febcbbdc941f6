import type { Segment } from './blobs.ts'
import { type Catalog, inTransaction } from './catalog.ts'
import type { Checksums } from './checksums.ts'

/** A stored object. `etag` is without quotes; `headers` are the HTTP ones that come back with it. */
export type StoredObject = {
  bucket: string
  key: string
  size: number
  etag: string
  modifiedMs: number
  segments: Segment[]
  headers: Record<string, string>
  metadata: Record<string, string>
  checksums: Checksums
  checksumType: string | undefined
}

type Row = Record<string, unknown>

const columns = 'bucket, key, size, etag, modified_ms, segments, headers, metadata, checksums, checksum_type'

/** The object of a key, or undefined. */
export function findObject(db: Catalog, bucket: string, key: string): StoredObject | undefined {
  const row = db
    .prepare(`select ${columns} from objects where bucket = ? and key = ?`)
    .get(bucket, Buffer.from(key))
  return row && objectOf(row)
}

/** Up to `limit` objects from the key `from` (bytes, inclusive) on, in the order of their bytes. */
export function objectsFrom(db: Catalog, bucket: string, from: Uint8Array, limit: number): StoredObject[] {
  return db
    .prepare(`select ${columns} from objects where bucket = ? and key >= ? order by key limit ?`)
    .all(bucket, from, limit)
    .map(objectOf)
}

/**
 * Puts an object in place of what was there and returns that. `check` sees the old object inside the transaction and
 * throws to forbid it: of two writers that both say "only if new" the second one sees the first one's object.
 */
export function saveObject(
  db: Catalog,
  object: StoredObject,
  options: { check: (old: StoredObject | undefined) => void; also: () => void },
): StoredObject | undefined {
  return inTransaction(db, () => {
    const old = findObject(db, object.bucket, object.key)
    options.check(old)
    db.prepare(`insert or replace into objects (${columns}) values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`).run(
      object.bucket,
      Buffer.from(object.key),
      object.size,
      object.etag,
      object.modifiedMs,
      JSON.stringify(object.segments),
      JSON.stringify(object.headers),
      JSON.stringify(object.metadata),
      JSON.stringify(object.checksums),
      object.checksumType ?? null,
    )
    options.also()
    return old
  })
}

/** Removes an object and returns it; undefined when there was none, which S3 does not mind. */
export function dropObject(
  db: Catalog,
  { bucket, key }: { bucket: string; key: string },
  check: (old: StoredObject | undefined) => void = () => {},
): StoredObject | undefined {
  return inTransaction(db, () => {
    const old = findObject(db, bucket, key)
    check(old)
    db.prepare('delete from objects where bucket = ? and key = ?').run(bucket, Buffer.from(key))
    return old
  })
}

function objectOf(row: Row): StoredObject {
  return {
    bucket: String(row.bucket),
    key: Buffer.from(row.key as Uint8Array).toString(),
    size: Number(row.size),
    etag: String(row.etag),
    modifiedMs: Number(row.modified_ms),
    segments: JSON.parse(String(row.segments)),
    headers: JSON.parse(String(row.headers)),
    metadata: JSON.parse(String(row.metadata)),
    checksums: JSON.parse(String(row.checksums)),
    checksumType: row.checksum_type === null ? undefined : String(row.checksum_type),
  }
}
