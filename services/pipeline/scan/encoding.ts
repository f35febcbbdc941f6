/**
 * What the bytes of a file say in characters. Files are scanned as bytes; only cells that are needed as text come here.
 *
 * A file cannot be asked for its encoding: one Windows-1252 byte may stand at its ten-billionth place. So the decision
 * is made per cell: valid UTF-8 is UTF-8, anything else is Windows-1252 (every byte of it means something), and the
 * collector remembers what was met. A file of both kinds is read rightly too.
 */
import { isAscii, isUtf8 } from 'node:buffer'

const utf8 = new TextDecoder('utf-8')
const windows1252 = new TextDecoder('windows-1252')

/** The text of a cell. NUL characters are left out: Postgres stores none. */
export function cellText(bytes: Buffer, start: number, end: number): string {
  if (end - start <= shortBytes && plain(bytes, start, end)) return bytes.toString('latin1', start, end)
  const part = bytes.subarray(start, end)
  const text = isUtf8(part) ? utf8.decode(part) : windows1252.decode(part)
  return text.includes('\0') ? text.replaceAll('\0', '') : text
}

/** A text as Postgres stores it: JSON can write NUL and halves of a surrogate pair. */
export function storableText(text: string): string {
  return text.replaceAll('\0', '').toWellFormed()
}

/** A number of a JSON as jsonb takes it: of 131,072 digits before the point and 16,383 behind it. Beyond that it is a text. */
export function storableNumber(digits: string): string {
  return digits.length > 1000 || /[eE][+-]?0*\d{4}/.test(digits) ? JSON.stringify(digits) : digits
}

/** Codes and names: for these a look at each byte and one call cost a fifth of what the decoder does. */
const shortBytes = 64

function plain(bytes: Buffer, start: number, end: number): boolean {
  for (let at = start; at < end; at++) {
    const byte = bytes[at] ?? 0
    if (byte === 0 || byte >= 0x80) return false
  }
  return true
}

/** U+FFFD, where a program before us lost a character. */
const replacement = Buffer.from('\ufffd')

/** Whether all lines that are complete are UTF-8 without U+FFFD: a chunk may end within a character. */
export function wholeLinesAreUtf8(bytes: Buffer): boolean {
  if (isAscii(bytes)) return true
  const lines = bytes.subarray(0, bytes.lastIndexOf(0x0a) + 1)
  return lines.length > 0 && isUtf8(lines) && lines.indexOf(replacement) < 0
}

export type ByteOrderMark = { encoding: 'utf-8' | 'utf-16le' | 'utf-16be'; length: number }

/** The byte order mark at the start of a file. UTF-16 without one is told by its NUL bytes beside ASCII letters. */
export function byteOrderMark(head: Buffer): ByteOrderMark | undefined {
  if (head[0] === 0xef && head[1] === 0xbb && head[2] === 0xbf) return { encoding: 'utf-8', length: 3 }
  if (head[0] === 0xff && head[1] === 0xfe) return { encoding: 'utf-16le', length: 2 }
  if (head[0] === 0xfe && head[1] === 0xff) return { encoding: 'utf-16be', length: 2 }
  if (looksLikeUtf16(head, 1)) return { encoding: 'utf-16le', length: 0 }
  if (looksLikeUtf16(head, 0)) return { encoding: 'utf-16be', length: 0 }
  return undefined
}

function looksLikeUtf16(head: Buffer, zeroAt: 0 | 1): boolean {
  const length = Math.min(head.length - (head.length % 2), 64)
  if (length < 8) return false
  for (let at = 0; at < length; at += 2) {
    if (head[at + zeroAt] !== 0 || head[at + 1 - zeroAt] === 0) return false
  }
  return true
}

/** UTF-16 in pieces of any size → UTF-8. Lone surrogates become U+FFFD, which keeps one unit one character. */
export function createUtf16Decoder(
  encoding: 'utf-16le' | 'utf-16be',
): (chunk: Buffer, last: boolean) => Buffer {
  const decoder = new TextDecoder(encoding, { ignoreBOM: true })
  return (chunk, last) => Buffer.from(decoder.decode(chunk, { stream: !last }))
}

/** How many bytes the UTF-8 bytes `start`–`end` took as UTF-16, so that offsets point into the source. */
export function utf16Length(bytes: Buffer, start: number, end: number): number {
  let units = 0
  for (let at = start; at < end; at++) {
    const byte = bytes[at] ?? 0
    if (byte < 0x80 || byte >= 0xc0) units += byte >= 0xf0 ? 2 : 1
  }
  return units * 2
}

/** The offset of the first byte that is not UTF-8, or -1. Used on one cell at a time, for the message to the uploader. */
export function firstBadByte(bytes: Buffer, start: number, end: number): number {
  if (isUtf8(bytes.subarray(start, end))) return -1
  let at = start
  while (at < end) {
    const length = sequenceLength(bytes, at, end)
    if (length === 0) return at
    at += length
  }
  return -1
}

/** Bytes of the valid UTF-8 sequence at `at`, 0 if there is none (RFC 3629 §4, through the platform's own validator). */
function sequenceLength(bytes: Buffer, at: number, end: number): number {
  if ((bytes[at] ?? 0) < 0x80) return 1
  for (let length = 2; length <= 4 && at + length <= end; length++) {
    if (isUtf8(bytes.subarray(at, at + length))) return length
  }
  return 0
}

/**
 * Where the text of a trimmed cell starts once the blanks beyond ASCII are passed over: no-break space (which spreadsheets
 * leave behind), byte order mark, and the spaces of U+2000 to U+3000. A cell of them alone is a blank cell.
 */
export function skipBlanks(bytes: Buffer, start: number, end: number): number {
  let at = start
  while (at < end) {
    const length = (bytes[at] ?? 0) <= 0x20 ? 1 : blankLength(bytes, at)
    if (length === 0 || at + length > end) break
    at += length
  }
  return at
}

/** The same from behind. */
export function skipBlanksBack(bytes: Buffer, start: number, end: number): number {
  let at = end
  while (at > start) {
    const last = bytes[at - 1] ?? 0
    const length =
      last <= 0x20 ? 1 : (last & 0xc0) !== 0x80 ? 0 : at - 2 >= start && (bytes[at - 2] ?? 0) === 0xc2 ? 2 : 3
    if (length === 0 || at - length < start || (length > 1 && blankLength(bytes, at - length) !== length))
      break
    at -= length
  }
  return at
}

function blankLength(bytes: Buffer, at: number): number {
  const [first = 0, second = 0, third = 0] = [bytes[at], bytes[at + 1], bytes[at + 2]]
  if (first === 0xc2) return second === 0xa0 ? 2 : 0
  if (first === 0xef) return second === 0xbb && third === 0xbf ? 3 : 0
  if (first === 0xe1) return second === 0x9a && third === 0x80 ? 3 : 0
  if (first === 0xe3) return second === 0x80 && third === 0x80 ? 3 : 0
  if (first !== 0xe2) return 0
  const space = second === 0x80 && (third <= 0x8a || third === 0xa8 || third === 0xa9 || third === 0xaf)
  return space || (second === 0x81 && third === 0x9f) ? 3 : 0
}
