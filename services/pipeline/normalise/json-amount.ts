/** What nearly every amount of a JSON is, told without making a string of it. */
import type { JsonTape } from '../scan/json-tape.ts'

/** Digits above zero with at most one point, that are not nine 9s. The token is a number. */
export function isPlainAmount(tape: JsonTape, token: number): boolean {
  const { bytes, starts, ends, notes } = tape
  if (notes?.[token] === 1) return true
  let nonZero = 0
  let points = 0
  const start = starts[token] ?? 0
  const end = ends[token] ?? 0
  for (let at = start; at < end; at++) {
    const byte = bytes[at] ?? 0
    if (byte === 0x2e) points++
    else if (byte < 0x30 || byte > 0x39) return false
    else nonZero |= byte - 0x30
  }
  return (
    nonZero !== 0 &&
    points <= 1 &&
    end - start <= 100 &&
    !(end - start >= 9 && bytes[start] === 0x39 && Number(tape.text(token)) === 999_999_999)
  )
}
