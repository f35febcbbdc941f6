/** The decompressed bytes of a file, in chunks, with bounds on how much may come out of how little. */
import { pipeline, type Readable } from 'node:stream'
import { createGunzip } from 'node:zlib'
import { release } from '../release.ts'
import { type Container, containerOf, refuseCoding } from './kind.ts'
import { Refusal } from './refusal.ts'
import { chunkBytes, createCounter, readRange, type Source } from './source.ts'
import { openZip, type ZipMember } from './zip.ts'

export type ContentLimits = {
  /** Of the decompressed file. */
  bytes: number
  /** Decompressed to compressed, once more than 64 MB have come out. The best real files reach 37 (JSON) and 17 (wide). */
  ratio: number
}

export const contentLimits: ContentLimits = { bytes: 64 * 2 ** 30, ratio: 250 }

export type Content = {
  compression: Container
  /** Of a zip. */
  member: ZipMember | undefined
  /** Each is good until the next is asked for. */
  chunks: AsyncGenerator<Buffer, void, undefined>
}

type Options = { signal: AbortSignal; limits?: ContentLimits; onRead?: (bytes: number) => void }

/** `onRead` is told of the stored bytes as they arrive. Refusals are thrown here or while the chunks are read. */
export async function openContent(
  source: Source,
  { signal, limits = contentLimits, onRead = () => {} }: Options,
): Promise<Content> {
  if (source.sizeBytes === 0)
    throw new Refusal(
      'empty',
      'The file is empty. Upload the CSV or JSON of the hospital’s standard charges.',
    )
  refuseCoding(source.contentEncoding)
  const head = await readRange(source, { start: 0, end: Math.min(source.sizeBytes, 512) }, signal)
  const compression = containerOf(head)
  const progress = { read: 0 }
  const counting = (bytes: number) => {
    progress.read += bytes
    onRead(bytes)
  }
  const zip = compression === 'zip' ? await openZip(source, signal, counting) : undefined
  const stored = zip?.stream ?? (await source.read(undefined, signal))
  const plain = compression === 'gzip' ? gunzipped(stored, counting) : stored
  const bounds = { compression, limits, progress, onPlain: compression === 'none' ? counting : () => {} }
  return { compression, member: zip?.member, chunks: bounded(plain, bounds) }
}

function gunzipped(stream: Readable, counting: (bytes: number) => void): Readable {
  return pipeline(stream, createCounter(counting), createGunzip({ chunkSize: chunkBytes }), () => {})
}

type Bounds = {
  compression: Container
  limits: ContentLimits
  progress: { read: number }
  /** Told of decompressed bytes. */
  onPlain: (bytes: number) => void
}

async function* bounded(
  stream: Readable,
  { compression, limits, progress, onPlain }: Bounds,
): AsyncGenerator<Buffer, void, undefined> {
  let length = 0
  try {
    for await (const chunk of joined(stream)) {
      length += chunk.length
      onPlain(chunk.length)
      if (length > limits.bytes)
        throw new Refusal(
          'too-large',
          `The decompressed file is larger than ${Math.round(limits.bytes / 2 ** 30)} GB. Split it by location, as 45 CFR 180.50 allows.`,
        )
      if (compression !== 'none' && length > 64 << 20 && length > progress.read * limits.ratio)
        throw new Refusal(
          'bomb',
          `The archive grows to more than ${limits.ratio} times its size, which no price file does. Upload the file itself.`,
        )
      yield chunk
    }
  } catch (error) {
    throw archiveRefusal(error, compression) ?? error
  } finally {
    stream.destroy()
  }
}

/** Small chunks put together, so that what is done per chunk is done rarely; large ones in parts of that size. */
async function* joined(stream: Readable): AsyncGenerator<Buffer, void, undefined> {
  let parts: Buffer[] = []
  let length = 0
  for await (const part of stream as AsyncIterable<Buffer>) {
    if (parts.length === 0 && part.length >= chunkBytes) {
      for (let at = 0; at < part.length; at += chunkBytes) yield part.subarray(at, at + chunkBytes)
      release(part)
      continue
    }
    parts.push(part)
    length += part.length
    if (length < chunkBytes) continue
    const chunk = Buffer.concat(parts, length)
    for (const used of parts) release(used)
    yield chunk
    release(chunk)
    parts = []
    length = 0
  }
  if (length > 0) yield Buffer.concat(parts, length)
}

/** Damage to an archive is the file's fault, and final. */
function archiveRefusal(error: unknown, compression: Container): Refusal | undefined {
  if (compression === 'none' || error instanceof Refusal || !(error instanceof Error)) return undefined
  const code = (error as NodeJS.ErrnoException).code ?? ''
  const name = compression === 'gzip' ? '.gz' : '.zip'
  if (code === 'Z_BUF_ERROR')
    return new Refusal('truncated', `The ${name} ends too early: it was cut off on the way. Upload it again.`)
  if (code.startsWith('Z_'))
    return new Refusal('damaged', `The ${name} is damaged (${error.message}). Compress and upload it again.`)
  if (
    compression === 'zip' &&
    /size|crc|checksum|too many bytes|too few bytes|not enough/i.test(error.message)
  )
    return new Refusal('damaged', `The .zip is damaged (${error.message}). Compress and upload it again.`)
  return undefined
}
