/**
 * A range of the decompressed source of a file, read again from the stored object.
 *
 * A plain object, and a zip that only stores, are read by a ranged GET: the cost is that of the row. A deflated stream
 * has no points to enter at (zlib would need the 32 kB before one and the bit it begins at, which Node cannot tell), so
 * gzip and deflate are read from their beginning, some 300 MB a second, up to `maxSkipBytes`; nothing is kept.
 */
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createGunzip, createInflateRaw } from 'node:zlib'
import { ObjectReplaced, readStoredObject, type StoredObject } from '@glimmr/lib/stored-object'

export type SourceFile = {
  compression: string
  /** Of a zip: where the compressed bytes are. */
  member: { start: number; bytes: number; method: string } | null
}

export type SourceRange = { offset: number; length: number }

/** The row stands further inside a compressed file than one request may decompress. */
export class TooDeep extends Error {
  override name = 'TooDeep'
}

/** Whether reading a row means decompressing what stands before it. */
export function isDeflated({ compression, member }: SourceFile): boolean {
  return compression === 'gzip' || (compression === 'zip' && member?.method !== 'store')
}

type Options = { signal: AbortSignal; maxSkipBytes: number }

/** Rejects before a byte is given: ObjectGone, ObjectReplaced, TooDeep. The stream fails when fewer bytes come. */
export async function openSourceBytes(
  object: StoredObject,
  file: SourceFile,
  { offset, length }: SourceRange,
  { signal, maxSkipBytes }: Options,
): Promise<Readable> {
  if (!isDeflated(file)) {
    const start = (file.member?.start ?? 0) + offset
    return begun(cut(await readStoredObject(object, { start, end: start + length }, signal), 0, length))
  }
  if (offset + length > maxSkipBytes)
    throw new TooDeep(`the row begins ${offset} bytes into the decompressed file`)
  const { member } = file
  const range = member ? { start: member.start, end: member.start + member.bytes } : undefined
  const stored = await readStoredObject(object, range, signal)
  const plain = file.compression === 'gzip' ? createGunzip() : createInflateRaw()
  const flowing = pipeline(stored, plain)
  flowing.catch(() => {}) // told by `plain`, which is read below
  return begun(cut(plain, offset, length))
}

/** `length` bytes after the first `skip`, and the end of `stream`. */
async function* cut(stream: Readable, skip: number, length: number): AsyncGenerator<Buffer, void, undefined> {
  let before = skip
  let left = length
  try {
    for await (const chunk of stream as AsyncIterable<Buffer>) {
      const part = chunk.subarray(Math.min(before, chunk.length), Math.min(before + left, chunk.length))
      before = Math.max(0, before - chunk.length)
      left -= part.length
      if (part.length > 0) yield part
      if (left === 0) return
    }
  } finally {
    stream.destroy()
  }
  throw new ObjectReplaced(`the source ends ${left} bytes before the row does`)
}

/** Asks for the first bytes, so that what goes wrong until then is an answer and not a broken one. */
async function begun(chunks: AsyncGenerator<Buffer, void, undefined>): Promise<Readable> {
  const first = await chunks.next()
  return Readable.from(
    (async function* () {
      if (!first.done) yield first.value
      yield* chunks
    })(),
    { objectMode: false },
  )
}
