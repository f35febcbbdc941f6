/**
 * Files of prices as a tree that every engine knows how to prune:
 *
 *   DIR/state=TX/code_type=CPT/file-7.parquet
 *
 * A price stands in one partition, by the first of its item's codes that hospitals share, so counts and sums over the
 * tree hold. What a file says never changes, what is known of its hospital and its payers does (a rule is taught): a file
 * whose rows would be the same (tree-source.ts) is not written again, and one that has been superseded is taken away.
 * `DIR/_glimmr/file-7.json` comes last and says that file 7 is whole (engines pass over `_` folders).
 */
import { createWriteStream, type WriteStream } from 'node:fs'
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { finished } from 'node:stream/promises'
import type { Pool } from '@glimmr/lib/db'
import { columns, type ExportRow } from './columns.ts'
import { createParquet, groupRows, type Parquet } from './parquet.ts'
import { readRows } from './read-rows.ts'
import { type TreeSource, treeSourceOf } from './tree-source.ts'

/** Both hashes are empty while not all partitions are in their places; `source` is that of tree-source.ts. */
type Mark = { sha256: string; source: string; rows: number; partitions: string[] }

type Part = { path: string; parquet: Parquet; out: WriteStream; failed: Promise<unknown> }

/** Rows that wait in all partitions of a file together. */
const mostWaiting = 2 * groupRows

const codeTypeAt = columns.findIndex(([name]) => name === 'code_type')

/**
 * How many rows were written; undefined when they are there already. Until the new ones are complete the old ones stay;
 * a file's partitions then change one after the other, each at once.
 */
export async function writeFileTree(
  pool: Pool,
  id: number,
  { dir, signal }: { dir: string; signal: AbortSignal },
): Promise<number | undefined> {
  // Before the rows are: of what changes in between, the next run finds the mark too old and not the rows.
  const source = await treeSourceOf(pool, id)
  const known = await markOf(dir, id)
  if (known?.source === source.hash) return undefined
  const parts = new Map<string, Part>()
  let rows = 0
  try {
    for await (const batch of readRows(pool, id, { signal })) {
      for (const row of batch) (await partOf(parts, row, { dir, source })).parquet.add(row)
      rows += batch.length
      await makeRoom(parts)
    }
    for (const part of parts.values()) await write(part, part.parquet.finish())
    for (const { out, failed } of parts.values()) {
      out.end()
      await failed
    }
    await putInPlace(dir, id, { parts, gone: known?.partitions ?? [], rows })
  } catch (error) {
    for (const { out, path } of parts.values()) {
      out.destroy()
      await rm(`${path}.part`, { force: true })
    }
    throw error
  }
  const { sha256, hash } = source
  await writeMark(dir, id, { sha256, source: hash, rows, partitions: [...parts.keys()].sort() })
  return rows
}

/** The mark of one that is not whole names the old partitions and the new: a run that ends here leaves what the next finds. */
async function putInPlace(
  dir: string,
  id: number,
  { parts, gone, rows }: { parts: Map<string, Part>; gone: string[]; rows: number },
): Promise<void> {
  const partitions = [...new Set([...gone, ...parts.keys()])]
  await writeMark(dir, id, { sha256: '', source: '', rows, partitions })
  for (const { path } of parts.values()) await rename(`${path}.part`, path)
  for (const partition of partitions)
    if (!parts.has(partition)) await rm(pathIn(dir, partition, id), { force: true })
}

/** Takes away the files that are not among `current`, and says which. */
export async function removeOthers(dir: string, current: ReadonlySet<number>): Promise<number[]> {
  const marks = await readdir(join(dir, '_glimmr')).catch(() => [])
  const gone = marks
    .flatMap(name => /^file-(\d+)\.json$/.exec(name)?.[1] ?? [])
    .map(Number)
    .filter(id => !current.has(id))
  for (const id of gone) await removeFile(dir, id)
  return gone
}

async function removeFile(dir: string, id: number): Promise<void> {
  const mark = await markOf(dir, id)
  for (const partition of mark?.partitions ?? []) await rm(pathIn(dir, partition, id), { force: true })
  await rm(markPath(dir, id), { force: true })
}

const pathIn = (dir: string, partition: string, id: number) => join(dir, partition, `file-${id}.parquet`)

const markPath = (dir: string, id: number) => join(dir, '_glimmr', `file-${id}.json`)

async function writeMark(dir: string, id: number, mark: Mark): Promise<void> {
  await mkdir(join(dir, '_glimmr'), { recursive: true })
  const path = markPath(dir, id)
  await writeFile(`${path}.part`, `${JSON.stringify(mark)}\n`)
  await rename(`${path}.part`, path)
}

async function markOf(dir: string, id: number): Promise<Mark | undefined> {
  const text = await readFile(markPath(dir, id), 'utf8').catch(() => undefined)
  return text === undefined ? undefined : JSON.parse(text)
}

async function partOf(
  parts: Map<string, Part>,
  row: ExportRow,
  { dir, source: { id, sha256, state } }: { dir: string; source: TreeSource },
): Promise<Part> {
  // Both come from lists of known words, or from here: nothing that a file says becomes a path.
  const known = /^[A-Z]{2}$/.test(state ?? '') ? state : '__HIVE_DEFAULT_PARTITION__'
  const key = `state=${known}/code_type=${row[codeTypeAt]}`
  const open = parts.get(key)
  if (open) return open
  const path = pathIn(dir, key, id)
  await mkdir(dirname(path), { recursive: true })
  const out = createWriteStream(`${path}.part`)
  const failed = finished(out)
  failed.catch(() => {}) // told when it is written to, or ended
  const parquet = createParquet({
    metadata: { 'glimmr.file_sha256': sha256 },
    without: ['state', 'code_type'],
  })
  const part = { path, parquet, out, failed }
  parts.set(key, part)
  return part
}

/** Groups are written when they are full, and the largest when too many rows wait. */
async function makeRoom(parts: Map<string, Part>): Promise<void> {
  const full = [...parts.values()].filter(part => part.parquet.waiting >= groupRows)
  for (const part of full) await write(part, part.parquet.flush())
  const waiting = [...parts.values()].sort((a, b) => b.parquet.waiting - a.parquet.waiting)
  const total = waiting.reduce((sum, part) => sum + part.parquet.waiting, 0)
  if (total > mostWaiting && waiting[0]) await write(waiting[0], waiting[0].parquet.flush())
}

async function write({ out, failed }: Part, bytes: Buffer): Promise<void> {
  if (out.write(bytes)) return
  await Promise.race([new Promise<void>(resolve => out.once('drain', resolve)), failed])
}
