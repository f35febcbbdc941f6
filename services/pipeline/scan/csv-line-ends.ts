/** LF, CRLF and, in files of old Macintosh programs, CR alone. */

/** How many lines ended with each. */
export type LineEnds = { lf: number; crlf: number; cr: number }

const lf = 0x0a

/**
 * Length of the line end at `at` (1 or 2), which is counted; 0 when the CR there is text, -1 when that is not known before the
 * next byte. `held`: how many bytes there are; `ended`: none will follow them.
 */
export function lineEnd(bytes: Buffer, at: number, held: number, ended: boolean, ends: LineEnds): number {
  if (bytes[at] === lf) {
    ends.lf++
    return 1
  }
  if (at + 1 >= held && !ended) return -1
  if (bytes[at + 1] === lf) {
    ends.crlf++
    return 2
  }
  if (ends.lf + ends.crlf > 0 && ends.cr === 0) return 0
  ends.cr++
  return 1
}
