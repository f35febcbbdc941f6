/** What bench/ingest.ts is measured against: PostgreSQL copying the raw file, and the official validator reading it. */
import { createReadStream } from 'node:fs'
import { open } from 'node:fs/promises'
import { execute } from '@glimmr/lib/db'
import { id, join, sql } from '@glimmr/lib/sql'
import { askValidator } from '@glimmr/pipeline/oracle/validator'
import pg from 'pg'
import type { Database } from './ingest-database.ts'

/** MB per second of one server-side COPY of a CSV without its header rows into text columns, no index, no rule, no check. */
export async function rawCopy(
  { pool }: Database,
  { path, bytes, columns }: { path: string; bytes: number; columns: number },
): Promise<number> {
  const names = Array.from({ length: columns }, (_, column) => sql`${id(`c${column}`)} text`)
  await execute(pool, sql`drop table if exists raw_copy`)
  await execute(pool, sql`create table raw_copy (${join(names, ', ')})`)
  await execute(pool, sql`checkpoint`)
  const started = performance.now()
  await pool.query(`copy raw_copy from ${pg.escapeLiteral(path)} (format csv)`)
  const ms = performance.now() - started
  await execute(pool, sql`drop table raw_copy`)
  return bytes / 1e3 / ms
}

/** MB per second of the official validator on the first `bytes` of a CSV, cut at a line, or on a whole JSON. */
export async function officialValidator(
  path: string,
  layout: 'csv' | 'json',
  mostBytes = Number.POSITIVE_INFINITY,
): Promise<number> {
  const bytes = await cut(path, mostBytes)
  const stream = createReadStream(path, { encoding: 'utf8', end: bytes - 1 })
  const started = performance.now()
  await askValidator(stream, layout, '3.0.0')
  return bytes / 1e3 / (performance.now() - started)
}

/** Where the last whole line within `mostBytes` ends. */
async function cut(path: string, mostBytes: number): Promise<number> {
  const file = await open(path)
  try {
    const { size } = await file.stat()
    if (size <= mostBytes) return size
    const tail = Buffer.alloc(Math.min(mostBytes, 1 << 18))
    await file.read(tail, 0, tail.length, mostBytes - tail.length)
    return mostBytes - tail.length + tail.lastIndexOf('\n') + 1
  } finally {
    await file.close()
  }
}
