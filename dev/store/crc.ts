import { crc32 } from 'node:zlib'

/**
 * The three cyclic redundancy checks of S3, each as a running value: start with `initial`, feed bytes, take `bytes`.
 * All are reflected, start from all ones and are inverted at the end. CRC-32 comes from zlib; the tables of the
 * other two are computed once, on first use.
 */
export type Crc = { update: (bytes: Uint8Array) => void; digest: () => Buffer }

/** CRC-32 (ISO-HDLC), 4 bytes. */
export function createCrc32(): Crc {
  let value = 0
  return {
    update: bytes => {
      value = crc32(bytes, value)
    },
    digest: () => bigEndian(value),
  }
}

/** CRC-32C (Castagnoli), 4 bytes. */
export function createCrc32c(): Crc {
  const table = castagnoli()
  let value = 0xffffffff
  return {
    update: bytes => {
      let crc = value
      for (let at = 0; at < bytes.length; at++)
        crc = (table[(crc ^ (bytes[at] ?? 0)) & 0xff] ?? 0) ^ (crc >>> 8)
      value = crc
    },
    digest: () => bigEndian(~value),
  }
}

/** CRC-64/NVME, 8 bytes; two 32-bit halves, because BigInt arithmetic is fifty times slower. */
export function createCrc64Nvme(): Crc {
  const { high, low } = nvme()
  let upper = 0xffffffff | 0
  let lower = 0xffffffff | 0
  return {
    update: bytes => {
      for (let at = 0; at < bytes.length; at++) {
        const index = (lower ^ (bytes[at] ?? 0)) & 0xff
        lower = ((lower >>> 8) | (upper << 24)) ^ (low[index] ?? 0)
        upper = (upper >>> 8) ^ (high[index] ?? 0)
      }
    },
    digest: () => Buffer.concat([bigEndian(~upper), bigEndian(~lower)]),
  }
}

function bigEndian(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(value >>> 0)
  return bytes
}

let castagnoliTable: Int32Array | undefined
function castagnoli(): Int32Array {
  castagnoliTable ??= Int32Array.from({ length: 256 }, (_, byte) => {
    let crc = byte
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1
    return crc
  })
  return castagnoliTable
}

let nvmeTables: { high: Int32Array; low: Int32Array } | undefined
function nvme() {
  if (nvmeTables) return nvmeTables
  const high = new Int32Array(256)
  const low = new Int32Array(256)
  for (let byte = 0; byte < 256; byte++) {
    let crc = BigInt(byte)
    for (let bit = 0; bit < 8; bit++) crc = crc & 1n ? (crc >> 1n) ^ 0x9a6c9329ac4bc9b5n : crc >> 1n
    high[byte] = Number(BigInt.asIntN(32, crc >> 32n))
    low[byte] = Number(BigInt.asIntN(32, crc))
  }
  nvmeTables = { high, low }
  return nvmeTables
}
