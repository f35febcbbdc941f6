/** Fingerprints of 64 bits: whether two records hold the same bytes, without the bytes. */
import { createByteView } from '../scan/byte-view.ts'

/** Where a record stands in `bytes`; `split` is somewhere between `start` and `end`, the same in records of the same bytes. */
export type SplitRecord = { bytes: Buffer; start: number; split: number; end: number }

/** Both halves of the fingerprint of a record, and of what stands before its split. */
export type Fingerprint = { low: number; high: number; beginningLow: number; beginningHigh: number }

/** `sameBeginning`: what stands before the split is what stood there in the record before, and is not hashed again. */
export function createFingerprints(): (record: SplitRecord, sameBeginning: boolean) => Fingerprint {
  const viewOf = createByteView()
  // The state of the hashes at the split, and after the end.
  const split: State = { one: 0, two: 0, three: 0, four: 0 }
  const whole: State = { ...split }
  const print: Fingerprint = { low: 0, high: 0, beginningLow: 0, beginningHigh: 0 }

  return ({ bytes, start, split: at, end }, sameBeginning) => {
    const view = viewOf(bytes)
    if (!sameBeginning) {
      split.one = 0
      split.two = 0x9e3779b9
      split.three = 0x2545f491
      split.four = 0x6c8e9cf5
      mix(split, view, start, at)
      // A beginning has its length in it as a record has.
      print.beginningLow = low(split, at - start)
      print.beginningHigh = high(split)
    }
    whole.one = split.one ^ (end - start)
    whole.two = split.two
    whole.three = split.three
    whole.four = split.four
    mix(whole, view, at, end)
    print.low = low(whole, 0)
    print.high = high(whole)
    return print
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

const low = ({ one, two, three }: State, length: number) =>
  scrambled(one ^ length, 0x7feb352d) ^ two ^ scrambled(three, 0x68e31da5)
const high = ({ one, two, four }: State) =>
  scrambled(two, 0x846ca68b) ^ (one >>> 7) ^ scrambled(four, 0x1b873593)

function scrambled(value: number, by: number): number {
  return Math.imul(value ^ (value >>> 16), by)
}
