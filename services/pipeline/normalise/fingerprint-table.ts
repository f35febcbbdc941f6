/**
 * Fingerprints and a number beside each: 12 bytes, in a table that grows to `most` places and then forgets the oldest (that of
 * the lowest number) of eight neighbours. So memory is bounded, and what is not too far back is found.
 */
import { release } from '../release.ts'

const firstPlaces = 1 << 12
const neighbours = 8
/** Of a place: two halves of the fingerprint, and the number. Side by side, so that a look costs one line of the cache or two. */
const fields = 3

export type FingerprintTable = {
  /** Stores `value`, above 0, under a fingerprint; returns what stood there, 0 for nothing. */
  put(low: number, high: number, value: number): number
  /** Makes room for some more. */
  reserve(more: number): void
  /** Brings the place of a fingerprint into the cache. */
  touch(low: number): void
  release(): void
}

/** `most`: places, a power of two. */
export function createFingerprintTable(most: number): FingerprintTable {
  let table = new Int32Array(Math.min(firstPlaces, most) * fields)
  let count = 0
  const cache = { touched: 0 }

  const homeOf = (low: number) => (low & (table.length / fields - neighbours)) * fields

  function grow(): void {
    const before = table
    table = new Int32Array(Math.min(before.length * 4, most * fields))
    count = 0
    for (let at = 0; at < before.length; at += fields) {
      const value = before[at + 2] ?? 0
      if (value !== 0) put(before[at] ?? 0, before[at + 1] ?? 0, value)
    }
    release(before)
  }

  function put(low: number, high: number, value: number): number {
    const home = homeOf(low)
    let oldest = home
    // Places of a neighbourhood fill in order, so the first empty one is the end of it.
    for (let at = home; at < home + neighbours * fields; at += fields) {
      const held = table[at + 2] ?? 0
      if (held === 0) {
        count++
        oldest = at
        break
      }
      if (table[at] === low && table[at + 1] === high) {
        table[at + 2] = value
        return held
      }
      if (held < (table[oldest + 2] ?? 0)) oldest = at
    }
    table[oldest] = low
    table[oldest + 1] = high
    table[oldest + 2] = value
    return 0
  }

  return {
    put,
    reserve(more) {
      // An eighth full: that nine records share eight places is then one case in a million.
      if ((count + more) * 8 * fields > table.length && table.length < most * fields) grow()
    },
    touch(low) {
      const home = homeOf(low)
      cache.touched ^= (table[home] ?? 0) ^ (table[home + neighbours * fields - 1] ?? 0)
    },
    release() {
      release(table)
    },
  }
}
