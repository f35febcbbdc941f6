import { randomUUID } from 'node:crypto'
import { constants, createReadStream } from 'node:fs'
import { copyFile, mkdir, open, readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'

/** A run of bytes on disk. An object is one segment, or one a part when it came in parts. */
export type Segment = { blob: string; size: number }

/**
 * The bytes of objects: files with random names in one folder, which no key can reach. A file that no row of the
 * catalog names is nothing: it is invisible from its first byte on and is removed at the next start. So a killed
 * process leaves no half object, whatever it was doing.
 */
export type Blobs = {
  /** Writes a stream to a new file and returns when file and folder are on the disk. On any error nothing is left. */
  write: (source: AsyncIterable<Buffer>) => Promise<Segment>
  copy: (segment: Segment) => Promise<Segment>
  /** The bytes `start` to `end`, inclusive, of the segments laid end to end. */
  read: (segments: readonly Segment[], start: number, end: number) => AsyncGenerator<Buffer>
  /** Keeps blobs readable until the returned function is called, even if they are removed meanwhile. */
  hold: (segments: readonly Segment[]) => () => void
  remove: (segments: readonly Segment[]) => Promise<void>
  /** Removes every file whose name is not in `known`; returns how many those were. */
  sweep: (known: ReadonlySet<string>) => Promise<number>
}

export async function createBlobs(dir: string): Promise<Blobs> {
  await mkdir(dir, { recursive: true, mode: 0o700 })
  const path = (blob: string) => join(dir, blob)
  const holds = new Map<string, number>()
  const doomed = new Set<string>()

  async function write(source: AsyncIterable<Buffer>): Promise<Segment> {
    const blob = randomUUID()
    try {
      const size = await writeFile(path(blob), source)
      await syncFolder(dir)
      return { blob, size }
    } catch (error) {
      await rm(path(blob), { force: true })
      throw error
    }
  }

  async function copy(segment: Segment): Promise<Segment> {
    const blob = randomUUID()
    try {
      // A file system that can share blocks (btrfs, xfs) copies five gigabytes in no time.
      await copyFile(path(segment.blob), path(blob), constants.COPYFILE_FICLONE | constants.COPYFILE_EXCL)
      const file = await open(path(blob), 'r+')
      await file.sync().finally(() => file.close())
      await syncFolder(dir)
      return { blob, size: segment.size }
    } catch (error) {
      await rm(path(blob), { force: true })
      throw error
    }
  }

  async function* read(segments: readonly Segment[], start: number, end: number): AsyncGenerator<Buffer> {
    let offset = 0
    for (const { blob, size } of segments) {
      const from = Math.max(start - offset, 0)
      const to = Math.min(end - offset, size - 1)
      if (from <= to) yield* createReadStream(path(blob), { start: from, end: to, highWaterMark: 256 * 1024 })
      offset += size
    }
  }

  function hold(segments: readonly Segment[]): () => void {
    for (const { blob } of segments) holds.set(blob, (holds.get(blob) ?? 0) + 1)
    return () => {
      for (const { blob } of segments) {
        const left = (holds.get(blob) ?? 1) - 1
        if (left > 0) holds.set(blob, left)
        else holds.delete(blob)
        if (left === 0 && doomed.delete(blob)) void rm(path(blob), { force: true }).catch(() => {})
      }
    }
  }

  async function remove(segments: readonly Segment[]): Promise<void> {
    for (const { blob } of segments) {
      if (holds.has(blob)) doomed.add(blob)
      else await rm(path(blob), { force: true })
    }
  }

  async function sweep(known: ReadonlySet<string>): Promise<number> {
    const strays = (await readdir(dir)).filter(name => !known.has(name))
    for (const name of strays) await rm(path(name), { force: true })
    return strays.length
  }

  return { write, copy, read, hold, remove, sweep }
}

/** One chunk is in memory at a time: the next is asked for when this one is written, so a slow disk slows the client. */
async function writeFile(path: string, source: AsyncIterable<Buffer>): Promise<number> {
  const file = await open(path, 'wx', 0o600)
  let size = 0
  try {
    for await (const chunk of source) {
      for (let at = 0; at < chunk.length; ) at += (await file.write(chunk, at)).bytesWritten
      size += chunk.length
    }
    await file.sync()
  } finally {
    await file.close()
  }
  return size
}

async function syncFolder(dir: string): Promise<void> {
  // Windows cannot open a folder for this; its file systems journal the entry by themselves.
  if (process.platform === 'win32') return
  const folder = await open(dir, 'r')
  await folder.sync().finally(() => folder.close())
}
