/**
 * Tells whether a record was met before, byte for byte. Kept of each is a fingerprint of 64 bits and its row: 12 bytes, in
 * a table that grows to a million places and then forgets the oldest of eight neighbours. So memory is bounded, in a file of
 * up to some hundred thousand rows every repetition is found, and in one of any size those that are not too far apart.
 */
import { release } from '../release.ts'
import { createByteView } from '../scan/byte-view.ts'

export type Repeats = {
  /** Looks for the record, which from now on belongs to `row`; what it repeats is told a little later. */
  add(record: RepeatableRecord, row: number): void
  /** Tells what was not told yet. Nothing can be added after it. */
  end(): void
}

/** `row` repeats `earlier`, the last row before it with the same bytes. */
export type OnRepeat = (row: number, earlier: number) => void

/**
 * `split`: somewhere between `start` and `end`, the same in records of the same bytes; what stands before it is hashed once
 * for all records in a row that say `repeated`, that it is what stood there in the record before.
 */
export type RepeatableRecord = {
  bytes: Buffer
  start: number
  split: number
  end: number
  repeated: boolean
}

const firstPlaces = 1 << 12
const neighbours = 8
/** Of a place: two halves of the fingerprint, and the row. Side by side, so that a look costs one line of the cache or two. */
const fields = 3
/** Records gathered before they are looked for. */
const gathered = 256

/** `most`: places, a power of two. */
export function createRepeats(onRepeat: OnRepeat, most = 1 << 20): Repeats {
  let table = new Int32Array(Math.min(firstPlaces, most) * fields)
  let count = 0
  const waiting = new Int32Array(gathered * fields)
  let waits = 0
  const cache = { touched: 0 }
  const viewOf = createByteView()
  // The state of both hashes at the split of the last record, and after its end.
  const split: State = { one: 0, two: 0, three: 0, four: 0 }
  const whole: State = { ...split }

  function hash({ bytes, start, split: at, end, repeated }: RepeatableRecord): void {
    const view = viewOf(bytes)
    if (!repeated) {
      split.one = 0
      split.two = 0x9e3779b9
      split.three = 0x2545f491
      split.four = 0x6c8e9cf5
      mix(split, view, start, at)
    }
    whole.one = split.one ^ (end - start)
    whole.two = split.two
    whole.three = split.three
    whole.four = split.four
    mix(whole, view, at, end)
  }

  const homeOf = (low: number) => (low & (table.length / fields - neighbours)) * fields

  function grow(): void {
    const before = table
    table = new Int32Array(Math.min(before.length * 4, most * fields))
    count = 0
    for (let at = 0; at < before.length; at += fields) {
      const row = before[at + 2] ?? 0
      if (row !== 0) put(before[at] ?? 0, before[at + 1] ?? 0, row)
    }
    release(before)
  }

  /** The row that stood under this fingerprint, 0 for none. A full neighbourhood loses its oldest. */
  function put(low: number, high: number, row: number): number {
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
        table[at + 2] = row
        return held
      }
      if (held < (table[oldest + 2] ?? 0)) oldest = at
    }
    table[oldest] = low
    table[oldest + 1] = high
    table[oldest + 2] = row
    return 0
  }

  function look(): void {
    // An eighth full: that nine records share eight places is then one case in a million.
    if ((count + waits) * 8 * fields > table.length && table.length < most * fields) grow()
    // Nearly every look misses the cache. Looks that do not depend on each other miss it together, so all places are
    // touched before any is looked at.
    for (let at = 0; at < waits * fields; at += fields) {
      const home = homeOf(waiting[at] ?? 0)
      cache.touched ^= (table[home] ?? 0) ^ (table[home + neighbours * fields - 1] ?? 0)
    }
    for (let at = 0; at < waits * fields; at += fields) {
      const row = waiting[at + 2] ?? 0
      const earlier = put(waiting[at] ?? 0, waiting[at + 1] ?? 0, row)
      if (earlier !== 0) onRepeat(row, earlier)
    }
    waits = 0
  }

  return {
    add(record, row) {
      hash(record)
      const { one, two, three, four } = whole
      const at = waits++ * fields
      waiting[at] = scrambled(one, 0x7feb352d) ^ two ^ scrambled(three, 0x68e31da5)
      waiting[at + 1] = scrambled(two, 0x846ca68b) ^ (one >>> 7) ^ scrambled(four, 0x1b873593)
      waiting[at + 2] = row
      if (waits === gathered) look()
    },
    end() {
      look()
      release(table)
    },
  }
}

/**
 * Four multiplicative hashes, to be mixed at the end (as in MurmurHash3's finaliser): two over every other word of four bytes,
 * two over those between. Each waits only for its own last step, so a processor takes eight bytes in the time of four.
 */
function mix(state: State, view: DataView, start: number, end: number): void {
  let { one, two, three, four } = state
  let at = start
  for (; at + 8 <= end; at += 8) {
    const word = view.getInt32(at, true)
    const next = view.getInt32(at + 4, true)
    one = Math.imul(one ^ word, 0x85ebca6b)
    one ^= one >>> 15
    two = Math.imul(two + word, 0xc2b2ae35)
    two ^= two >>> 13
    three = Math.imul(three ^ next, 0x85ebca6b)
    three ^= three >>> 15
    four = Math.imul(four + next, 0xc2b2ae35)
    four ^= four >>> 13
  }
  for (; at < end; at++) {
    one = Math.imul(one ^ view.getUint8(at), 0x85ebca6b)
    two = Math.imul(two + view.getUint8(at), 0xc2b2ae35)
  }
  state.one = one
  state.two = two
  state.three = three
  state.four = four
}

type State = { one: number; two: number; three: number; four: number }

function scrambled(value: number, by: number): number {
  return Math.imul(value ^ (value >>> 16), by)
}
