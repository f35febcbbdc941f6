/** What the scanner does to the bytes of a quoted field once it has found its end. */
const quote = 0x22

/** `""` → `"`, in place: the scan is past this field. Returns where the field ends now. */
export function undouble(bytes: Buffer, start: number, end: number): number {
  let to = start
  for (let at = start; at < end; at++) {
    const byte = bytes[at] ?? 0
    bytes[to++] = byte
    if (byte === quote && bytes[at + 1] === quote) at++
  }
  // What is left over must not break the record's UTF-8, nor its length.
  bytes.fill(quote, to, end)
  return to
}

/** How often a byte stands from `from` to before `to`. */
export function countOf(byte: number, bytes: Buffer, from: number, to: number): number {
  let count = 0
  for (let at = bytes.indexOf(byte, from); at >= 0 && at < to; at = bytes.indexOf(byte, at + 1)) count++
  return count
}

/** Where the delimiter after blanks stands, 0 when text follows them, -1 when that is not known before more bytes are `held`. */
export function pastBlanks(bytes: Buffer, from: number, held: number, ended: boolean): number {
  let at = from
  while (at < held && (bytes[at] === 0x20 || bytes[at] === 0x09)) at++
  if (at >= held) return ended ? at : -1
  const byte = bytes[at] ?? 0
  return byte === 0x2c || byte === 0x0a || byte === 0x0d ? at : 0
}

/**
 * The same after blanks and CRs, where a CR is no line end. `\r\r\n` is what programs write that end a line with `\r\n` in a
 * file that makes `\r\n` of each `\n`.
 */
export function pastCarriages(bytes: Buffer, from: number, held: number, ended: boolean): number {
  let at = from
  while (at < held && (bytes[at] === 0x0d || bytes[at] === 0x20 || bytes[at] === 0x09)) at++
  if (at >= held) return ended ? at : -1
  return bytes[at] === 0x2c || bytes[at] === 0x0a ? at : 0
}
