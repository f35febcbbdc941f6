/**
 * Tells whether a record was met before, byte for byte. Kept of each is a fingerprint of 64 bits and its row: 12 bytes, in
 * a table that grows to a million places and then forgets the oldest of eight neighbours. So memory is bounded, in a file of
 * up to some hundred thousand rows every repetition is found, and in one of any size those that are not too far apart.
 */
export type Repeats = {
  /** The row that `bytes` from `start` to `end` were last met in, 0 when they are new; they now belong to `row`. */
  find(bytes: Buffer, start: number, end: number, row: number): number
}

const firstPlaces = 1 << 12
const neighbours = 8

/** `most`: places, a power of two. */
export function createRepeats(most = 1 << 20): Repeats {
  let table = emptyTable(Math.min(firstPlaces, most))
  let count = 0
  let view: DataView<ArrayBufferLike> = new DataView(new ArrayBuffer(0))
  let viewed: Buffer | undefined
  // The fingerprint of the last record hashed.
  let low = 0
  let high = 0

  /** Two multiplicative hashes over four bytes at a time, mixed at the end (as in MurmurHash3's finaliser). */
  function hash(bytes: Buffer, start: number, end: number): void {
    if (bytes !== viewed) {
      viewed = bytes
      view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    }
    let one = end - start
    let two = 0x9e3779b9 ^ one
    let at = start
    for (; at + 4 <= end; at += 4) {
      const word = view.getInt32(at, true)
      one = Math.imul(one ^ word, 0x85ebca6b)
      one ^= one >>> 15
      two = Math.imul(two + word, 0xc2b2ae35)
      two ^= two >>> 13
    }
    for (; at < end; at++) {
      one = Math.imul(one ^ (bytes[at] ?? 0), 0x85ebca6b)
      two = Math.imul(two + (bytes[at] ?? 0), 0xc2b2ae35)
    }
    low = Math.imul(one ^ (one >>> 16), 0x7feb352d) ^ two
    high = Math.imul(two ^ (two >>> 16), 0x846ca68b) ^ (one >>> 7)
  }

  function grow(): void {
    const before = table
    table = emptyTable(before.rows.length * 2)
    for (let place = 0; place < before.rows.length; place++) {
      const row = before.rows[place] ?? 0
      if (row !== 0) put(before.lows[place] ?? 0, before.highs[place] ?? 0, row)
    }
  }

  /** The row that stood under this fingerprint, 0 for none. A full neighbourhood loses its oldest. */
  function put(lower: number, upper: number, row: number): number {
    const { lows, highs, rows } = table
    const home = lower & (rows.length - neighbours)
    let oldest = home
    for (let place = home; place < home + neighbours; place++) {
      const held = rows[place] ?? 0
      if (held !== 0 && lows[place] === lower && highs[place] === upper) {
        rows[place] = row
        return held
      }
      if (held < (rows[oldest] ?? 0)) oldest = place
    }
    if (rows[oldest] === 0) count++
    lows[oldest] = lower
    highs[oldest] = upper
    rows[oldest] = row
    return 0
  }

  return {
    find(bytes, start, end, row) {
      hash(bytes, start, end)
      if (count * 4 > table.rows.length && table.rows.length < most) grow()
      return put(low, high, row)
    },
  }
}

function emptyTable(places: number) {
  return { lows: new Int32Array(places), highs: new Int32Array(places), rows: new Int32Array(places) }
}
