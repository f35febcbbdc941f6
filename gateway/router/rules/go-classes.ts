/** Go's classes of characters, as ranges of code points. https://pkg.go.dev/regexp/syntax */

/** A form that Go has and JavaScript has not, that means something else there, or that takes too long. */
export class Unshared extends Error {}

export type Ranges = readonly (readonly [from: number, to: number])[]

const digit: Ranges = [[0x30, 0x39]]
const upper: Ranges = [[0x41, 0x5a]]
const lower: Ranges = [[0x61, 0x7a]]
const alpha: Ranges = [...upper, ...lower]
const alnum: Ranges = [...digit, ...alpha]
const word: Ranges = [...digit, ...upper, [0x5f, 0x5f], ...lower]

/** `[:name:]` */
export const posix: Record<string, Ranges> = {
  alnum,
  alpha,
  ascii: [[0, 0x7f]],
  blank: [
    [0x09, 0x09],
    [0x20, 0x20],
  ],
  cntrl: [
    [0, 0x1f],
    [0x7f, 0x7f],
  ],
  digit,
  graph: [[0x21, 0x7e]],
  lower,
  print: [[0x20, 0x7e]],
  punct: [
    [0x21, 0x2f],
    [0x3a, 0x40],
    [0x5b, 0x60],
    [0x7b, 0x7e],
  ],
  space: [
    [0x09, 0x0d],
    [0x20, 0x20],
  ],
  upper,
  word,
  xdigit: [...digit, [0x41, 0x46], [0x61, 0x66]],
}

/** `\d`, `\s`, `\w`. JavaScript's `\s` has the vertical tab and the blanks of all scripts as well. */
export const perl: Record<string, Ranges> = {
  d: digit,
  s: [
    [0x09, 0x0a],
    [0x0c, 0x0d],
    [0x20, 0x20],
  ],
  w: word,
}

const last = 0x10ffff

export function complement(ranges: Ranges): Ranges {
  const rest: [number, number][] = []
  let next = 0
  for (const [from, to] of ranges.toSorted(([a], [b]) => a - b)) {
    if (from > next) rest.push([next, from - 1])
    next = Math.max(next, to + 1)
  }
  if (next <= last) rest.push([next, last])
  return rest
}

export function overlap(ranges: Ranges, others: Ranges): boolean {
  return ranges.some(([from, to]) => others.some(([start, end]) => from <= end && start <= to))
}

/** What stands between the brackets of JavaScript's class. */
export function classText(ranges: Ranges): string {
  return ranges.map(([from, to]) => (from === to ? point(from) : `${point(from)}-${point(to)}`)).join('')
}

const point = (code: number) => `\\u{${code.toString(16)}}`
