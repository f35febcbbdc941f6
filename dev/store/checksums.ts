import { createHash } from 'node:crypto'
import { type Crc, createCrc32, createCrc32c, createCrc64Nvme } from './crc.ts'
import { S3Error } from './errors.ts'

/**
 * The checksums a client may send with a body, in a header or in a trailer behind it.
 * Source: Amazon S3 User Guide, "Checking object integrity".
 */
export type ChecksumName = keyof typeof algorithms

/** Base64 checksums by name, as they are stored and shown. */
export type Checksums = Partial<Record<ChecksumName, string>>

const algorithms = {
  crc32: { bytes: 4, create: createCrc32 },
  crc32c: { bytes: 4, create: createCrc32c },
  crc64nvme: { bytes: 8, create: createCrc64Nvme },
  sha1: { bytes: 20, create: (): Crc => hash('sha1') },
  sha256: { bytes: 32, create: (): Crc => hash('sha256') },
}

function hash(name: string): Crc {
  const running = createHash(name)
  return { update: bytes => void running.update(bytes), digest: () => running.digest() }
}

/** The name in any case (`CRC32C`), or undefined when S3 has no such checksum. */
export function checksumName(text: string): ChecksumName | undefined {
  const name = text.toLowerCase()
  return Object.hasOwn(algorithms, name) ? (name as ChecksumName) : undefined
}

const prefix = 'x-amz-checksum-'
const notValues = new Set(['x-amz-checksum-mode', 'x-amz-checksum-type', 'x-amz-checksum-algorithm'])

/** The checksums in a set of headers; throws for one that is unknown, malformed, or not the only one. */
export function checksumsIn(headers: Iterable<[string, string]>): Checksums {
  const found: Checksums = {}
  for (const [header, value] of headers) {
    if (!header.startsWith(prefix) || notValues.has(header)) continue
    const name = checksumName(header.slice(prefix.length))
    if (!name) throw new S3Error('InvalidRequest', `The checksum header ${header} is not supported.`)
    found[name] = base64Of(value.trim(), algorithms[name].bytes, header)
  }
  if (Object.keys(found).length > 1) throw tooManyChecksums()
  return found
}

export function tooManyChecksums(): S3Error {
  return new S3Error(
    'InvalidRequest',
    'Expecting a single x-amz-checksum- header. Multiple checksum types are not allowed.',
  )
}

/** The checksum that the trailers announced in `x-amz-trailer` will carry. There is nothing else that a trailer may be. */
export function checksumTrailer(names: readonly string[]): ChecksumName | undefined {
  const [header, ...more] = names
  if (header === undefined) return undefined
  if (more.length > 0) throw tooManyChecksums()
  const name = header.startsWith(prefix) ? checksumName(header.slice(prefix.length)) : undefined
  if (name) return name
  throw new S3Error('InvalidRequest', 'The value specified in the x-amz-trailer header is not supported')
}

/** A strict base64 text of so many bytes; throws InvalidDigest. */
export function base64Of(text: string, bytes: number, header: string): string {
  const decoded = Buffer.from(text, 'base64')
  if (decoded.length === bytes && decoded.toString('base64') === text) return text
  throw new S3Error('InvalidDigest', `Value for ${header} header is invalid.`)
}

/** A running checksum of that name. */
export const createChecksum = (name: ChecksumName): Crc => algorithms[name].create()

/** `x-amz-checksum-…` answer headers of stored checksums. */
export function checksumHeaders(checksums: Checksums): Record<string, string> {
  return Object.fromEntries(Object.entries(checksums).map(([name, value]) => [prefix + name, value]))
}

/** The element name S3 uses in XML: ChecksumCRC32C, ChecksumSHA256. */
export const checksumElement = (name: string): string => `Checksum${name.toUpperCase()}`
