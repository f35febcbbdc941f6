/**
 * Rows in the text format of COPY, written byte by byte into a growing buffer (postgresql.org/docs/current/sql-copy.html,
 * "Text Format"). Cells go from the source's bytes to the wire without becoming strings: that is what makes the load
 * as fast as it is, and what keeps every published digit.
 *
 * Each value method ends its value with a tab; `endRow()` turns the last tab into the newline.
 */
import { isUtf8 } from 'node:buffer'
import { release } from '../release.ts'
import { mostDigits } from '../rules/values.ts'
import { cellText } from '../scan/encoding.ts'

const tab = 0x09
const newline = 0x0a
const backslash = 0x5c
/** Between the values of a list and the elements of an array. */
export const comma = 0x2c
const quote = 0x22
const openBrace = 0x7b
const closeBrace = 0x7d
const nullElement = Buffer.from('NULL,')

export class CopyBuffer {
  bytes: Buffer
  length = 0
  /** Whole rows, and where the last of them ends: a row may be open while its item goes on. */
  rows = 0
  rowsEnd = 0

  constructor(size: number) {
    this.bytes = Buffer.allocUnsafe(size)
  }

  /** Makes room for `more` bytes; called once per value, so the writers below need no further checks. */
  private reserve(more: number): void {
    if (this.length + more <= this.bytes.length) return
    const grown = Buffer.allocUnsafe(Math.max(this.bytes.length * 2, this.length + more))
    this.bytes.copy(grown, 0, 0, this.length)
    release(this.bytes)
    this.bytes = grown
  }

  /** A whole number from 0 to 2^53. */
  integer(value: number, after = tab): void {
    this.reserve(18)
    const begin = this.length
    let rest = value
    let end = begin + digits(value)
    this.length = end + 1
    this.bytes[end] = after
    while (rest > 0x7fffffff) {
      const next = Math.floor(rest / 10)
      this.bytes[--end] = 48 + (rest - next * 10)
      rest = next
    }
    let small = rest | 0
    while (end > begin) {
      const next = (small / 10) | 0
      this.bytes[--end] = 48 + (small - next * 10)
      small = next
    }
  }

  null(): void {
    this.reserve(3)
    const { bytes, length } = this
    bytes[length] = backslash
    bytes[length + 1] = 0x4e
    bytes[length + 2] = tab
    this.length = length + 3
  }

  nulls(count: number): void {
    this.reserve(count * 3)
    const { bytes } = this
    let { length } = this
    for (let left = count; left > 0; left--) {
      bytes[length] = backslash
      bytes[length + 1] = 0x4e
      bytes[length + 2] = tab
      length += 3
    }
    this.length = length
  }

  /**
   * A cell of digits with at most one point, looked at while it is copied. False, and nothing written, for anything else:
   * what is a number is told by `numberKind` of rules/values.ts, and this must agree with it.
   */
  digits(source: Uint8Array, start: number, end: number, after = tab): boolean {
    this.reserve(end - start + 1)
    const { bytes } = this
    let { length } = this
    let points = 0
    for (let at = start; at < end; at++) {
      const byte = source[at] ?? 0
      if (byte < 0x30 || byte > 0x39) {
        if (byte !== 0x2e) return false
        points++
      }
      bytes[length++] = byte
    }
    if (points > 1 || points === end - start || end - start > mostDigits) return false
    bytes[length] = after
    this.length = length + 1
    return true
  }

  /** A cell of the source: escaped for COPY, read as Windows-1252 where it is not UTF-8, NUL bytes left out. */
  cell(source: Buffer, start: number, end: number): void {
    this.reserve((end - start) * 2 + 1)
    const { bytes } = this
    let { length } = this
    let highest = 0x7f
    for (let at = start; at < end; at++) {
      const byte = source[at] ?? 0
      if (byte >= 0x20 && byte <= highest && byte !== backslash) bytes[length++] = byte
      else if (byte < 0x80) length = escaped(bytes, length, byte)
      else {
        // The first byte beyond ASCII: looked at once, for the whole cell.
        if (!isUtf8(source.subarray(start, end))) {
          this.text(cellText(source, start, end))
          return
        }
        highest = 0xff
        bytes[length++] = byte
      }
    }
    bytes[length] = tab
    this.length = length + 1
  }

  /** A string, escaped; for the few values that had to become one. */
  text(value: string, after = tab): void {
    const source = Buffer.from(value.isWellFormed() ? value : value.toWellFormed())
    this.reserve(source.length * 2 + 1)
    const { bytes } = this
    let { length } = this
    for (const byte of source) {
      if (byte >= 0x20 && byte !== backslash) bytes[length++] = byte
      else length = escaped(bytes, length, byte)
    }
    bytes[length] = after
    this.length = length + 1
  }

  /** A string as an element of an array, with the comma after it. */
  element(value: string): void {
    const source = Buffer.from(value.toWellFormed())
    this.reserve(source.length * 4 + 3)
    const { bytes } = this
    let { length } = this
    bytes[length++] = quote
    for (const byte of source) {
      // Escaped once for the array, and its backslash once more for COPY.
      if (byte === quote || byte === backslash) {
        bytes[length++] = backslash
        bytes[length++] = backslash
      }
      if (byte >= 0x20 && byte !== backslash) bytes[length++] = byte
      else length = escaped(bytes, length, byte)
    }
    bytes[length++] = quote
    bytes[length++] = comma
    this.length = length
  }

  nullElement(): void {
    this.reserve(nullElement.length)
    this.written(nullElement, 0, nullElement.length)
  }

  /** After it come the elements of an array, at least one, each with its comma; then `endArray`. */
  beginArray(): void {
    this.reserve(1)
    this.bytes[this.length++] = openBrace
  }

  endArray(): void {
    this.reserve(1)
    this.bytes[this.length - 1] = closeBrace
    this.bytes[this.length++] = tab
  }

  commas(count: number): void {
    this.reserve(count)
    for (let left = count; left > 0; left--) this.bytes[this.length++] = comma
  }

  /** After the values of a list, at least one, each with its comma. */
  endList(): void {
    this.bytes[this.length - 1] = tab
  }

  /** Bytes that were written by another CopyBuffer, whole values with their tabs or newline. */
  written(source: Buffer, start: number, end: number): void {
    this.reserve(end - start)
    if (end - start > 64) {
      source.copy(this.bytes, this.length, start, end)
      this.length += end - start
      return
    }
    // A call into C++ costs more than the copy itself.
    const { bytes } = this
    let { length } = this
    for (let at = start; at < end; at++) bytes[length++] = source[at] ?? 0
    this.length = length
  }

  endRow(): void {
    this.bytes[this.length - 1] = newline
    this.rows++
    this.rowsEnd = this.length
  }

  clear(): void {
    this.length = 0
    this.rows = 0
    this.rowsEnd = 0
  }

  /** Gives its memory back; nothing can be written after it. */
  release(): void {
    this.clear()
    release(this.bytes)
  }

  /** Takes the whole rows out; an open row stays. `next` becomes the buffer written to. */
  take(next: Buffer): { bytes: Buffer; rows: number } {
    const { bytes, rows, rowsEnd, length } = this
    this.bytes = next.length >= length - rowsEnd ? next : Buffer.allocUnsafe((length - rowsEnd) * 2)
    bytes.copy(this.bytes, 0, rowsEnd, length)
    this.length = length - rowsEnd
    this.rows = 0
    this.rowsEnd = 0
    return { bytes: bytes.subarray(0, rowsEnd), rows }
  }
}

/** How many bytes `value` takes in decimal. */
function digits(value: number): number {
  if (value < 10) return 1
  if (value < 100) return 2
  if (value < 1000) return 3
  if (value < 10_000) return 4
  let count = 4
  for (let rest = value / 10_000; rest >= 1; rest /= 10) count++
  return count
}

/** Writes one control character or backslash; returns the position after it. NUL has no place in a text of Postgres. */
function escaped(bytes: Buffer, position: number, byte: number): number {
  if (byte === 0) return position
  let length = position
  const letter =
    byte === newline ? 0x6e : byte === 0x0d ? 0x72 : byte === tab ? 0x74 : byte === backslash ? backslash : 0
  if (letter !== 0) {
    bytes[length++] = backslash
    bytes[length++] = letter
  } else bytes[length++] = byte
  return length
}
