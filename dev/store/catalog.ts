import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'

/**
 * What is stored: buckets, objects, parts that wait to be joined, events that wait to be delivered, in SQLite. Keys are
 * bytes there, so their order is S3's order, and `../` or a zero byte is a key like any other. A request's effect is one
 * transaction, on the disk (synchronous=full) before the client hears 200; conditional writes are decided inside it.
 */
export type Catalog = DatabaseSync

const schema = `
  create table if not exists buckets (name text primary key, created_ms integer not null) strict, without rowid;
  create table if not exists objects (
    bucket text not null references buckets, key blob not null, size integer not null, etag text not null,
    modified_ms integer not null, segments text not null, headers text not null, metadata text not null,
    checksums text not null, checksum_type text, primary key (bucket, key)) strict, without rowid;
  create table if not exists uploads (
    id text primary key, bucket text not null references buckets, key blob not null, headers text not null,
    metadata text not null, checksum text, checksum_type text, started_ms integer not null) strict, without rowid;
  create table if not exists parts (
    upload_id text not null references uploads on delete cascade, number integer not null, size integer not null,
    etag text not null, blob text not null, checksums text not null, modified_ms integer not null,
    primary key (upload_id, number)) strict, without rowid;
  create table if not exists events (
    id integer primary key, record text not null, attempts integer not null default 0, due_ms integer not null) strict;
  create index if not exists events_due on events (due_ms);
  pragma user_version = 1;
`

/** Opens the catalog of a data folder for this process alone. Throws a sentence when another store has it open. */
export function openCatalog(dir: string): Catalog {
  const db = new DatabaseSync(join(dir, 'catalog.sqlite'))
  try {
    // The lock is the kernel's: it goes with the process, so a killed store never blocks the next one.
    db.exec('pragma locking_mode = exclusive; pragma journal_mode = wal; pragma synchronous = full;')
    db.exec('pragma foreign_keys = on; begin immediate;')
    const version = Number(db.prepare('pragma user_version').get()?.user_version)
    if (version > 1) throw new Error(`The data folder ${dir} was written by a newer version of the store.`)
    db.exec(`${schema} commit;`)
    return db
  } catch (error) {
    db.close()
    if ((error as { errcode?: number }).errcode !== SQLITE_BUSY) throw error
    throw new Error(`Another store is running on the data folder ${dir}.`, { cause: error })
  }
}

const SQLITE_BUSY = 5

/** Runs `work` in a transaction; it is synchronous, so no other request can come between. */
export function inTransaction<T>(db: Catalog, work: () => T): T {
  db.exec('begin immediate')
  try {
    const result = work()
    db.exec('commit')
    return result
  } catch (error) {
    // A full disk may have rolled back already.
    if (db.isTransaction) db.exec('rollback')
    throw error
  }
}

/** The names of all blobs that mean something. */
export function knownBlobs(db: Catalog): Set<string> {
  const rows = db
    .prepare(
      `select segment.value ->> 'blob' as blob from objects, json_each(objects.segments) as segment
       union all select blob from parts`,
    )
    .all()
  return new Set(rows.map(row => String(row.blob)))
}
