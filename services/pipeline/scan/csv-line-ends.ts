/** LF, CRLF and, in files of old Macintosh programs, CR alone. */

/** How many lines ended with each; `crIsText`: what a CR alone is, once one was met. */
export type LineEnds = { lf: number; crlf: number; cr: number; crIsText?: boolean }

const lf = 0x0a
const cr = 0x0d

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
  if (ends.crIsText === undefined) {
    // Of a run of CRs an LF may be the end, which makes none of them a line end of its own.
    if (pastRun(bytes, at, held) >= held && !ended) return -1
    ends.crIsText = ends.lf + ends.crlf > 0 || !madeOfCr(bytes, held)
  }
  if (ends.crIsText) return 0
  ends.cr++
  return 1
}

/** Whether more lines end with CR alone than with LF: cells of such files may hold an LF, and the first line of others a CR. */
function madeOfCr(bytes: Buffer, held: number): boolean {
  let alone = 0
  let feeds = 0
  for (let at = 0; at < held; at++) {
    if (bytes[at] === lf) feeds++
    else if (bytes[at] === cr) {
      at = pastRun(bytes, at, held) - 1
      if (bytes[at + 1] !== lf) alone++
    }
  }
  return alone > feeds
}

/** Where the CRs from `at` on end. */
function pastRun(bytes: Buffer, at: number, held: number): number {
  let past = at
  while (past < held && bytes[past] === cr) past++
  return past
}
