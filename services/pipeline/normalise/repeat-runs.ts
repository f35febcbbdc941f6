/**
 * Rows of a tall file come in runs that begin alike (an item). A run whose beginning was never met before can only repeat
 * itself: its records are looked for among its own, a few lines of the cache, where a table of all records is 12 MB and
 * nearly every look misses the cache. Once a beginning comes back, what its first run held joins the others in that table.
 */
import { release } from '../release.ts'
import type { Fingerprint } from './fingerprint.ts'
import { createFingerprintTable } from './fingerprint-table.ts'
import type { OnRepeat } from './repeats.ts'

type RunsOptions = {
  /** Fingerprints kept, a power of two. */
  most: number
  onRepeat: OnRepeat
  /** Given each record that has to be looked for among all. */
  onLoose: (low: number, high: number, row: number) => void
}

export type Runs = {
  /** A run of this beginning starts with this row, or goes on with it. */
  begin(print: Fingerprint, row: number): void
  /** The next record of the run. */
  add(print: Pick<Fingerprint, 'low' | 'high'>, row: number): void
  release(): void
}

const longest = 512
/** Of `places`: a run's records by their fingerprint, at most half full. */
const places = longest * 2
/** After so many runs it is decided whether those of this file are long enough to be worth it: a head and three records. */
const tried = 1024
const worth = 4
/** Numbers of slots are kept in 32 bits. A file of a billion rows is far beyond what is remembered of it anyway. */
const lastSlot = 2 ** 30

export function createRuns({ most, onRepeat, onLoose }: RunsOptions): Runs {
  const beginnings = createFingerprintTable(most / 4)
  /**
   * The last records of all runs: two halves of a fingerprint each, both 0 where a later record of the run repeats it, and
   * before those of a run its first row and how many they are. Slots are counted from the first of the file; once there are
   * `most`, the oldest are written over.
   */
  let slots = new Int32Array(Math.min(1 << 13, most) * 2)
  let next = 1
  let runs = 0
  /** The slot of the run's head, 0 where its records go to the others. */
  let head = 0
  let count = 0
  let stopped = false
  /** Of the run. */
  let beginningLow = 0
  let beginningHigh = 0
  /** Records of the run, counted from 1, by their fingerprint. */
  const own = new Uint16Array(places)

  const indexOf = (slot: number) => (slot * 2) & (slots.length - 1)

  function write(first: number, second: number): void {
    if (next * 2 >= slots.length && slots.length < most * 2) {
      const before = slots
      slots = new Int32Array(before.length * 2)
      slots.set(before)
      release(before)
    }
    const at = indexOf(next++)
    slots[at] = first
    slots[at + 1] = second
  }

  /** Whether a chunk of the file began within the run. */
  function goesOn(print: Fingerprint, row: number): boolean {
    const same = print.beginningLow === beginningLow && print.beginningHigh === beginningHigh
    return head !== 0 && same && row === (slots[indexOf(head)] ?? 0) + count
  }

  /** Hands over the records of a run, once: the number of those handed over is negative. */
  function loosen(run: number): void {
    if (next - run > slots.length / 2) return // written over
    const at = indexOf(run)
    const row = slots[at] ?? 0
    const held = slots[at + 1] ?? 0
    if (held <= 0) return
    slots[at + 1] = -held
    for (let record = 0; record < held; record++) {
      const place = indexOf(run + 1 + record)
      const low = slots[place] ?? 0
      const high = slots[place + 1] ?? 0
      if ((low | high) !== 0) onLoose(low, high, row + record)
    }
  }

  /** From here on every record goes to the others. */
  function stop(): void {
    stopped = true
    head = 0
    if (next * 2 <= slots.length)
      for (let run = 1; run < next; run += 1 + Math.abs(slots[indexOf(run) + 1] ?? 0)) loosen(run)
    free()
  }

  function free(): void {
    release(slots)
    beginnings.release()
  }

  return {
    begin(print, row) {
      if (stopped) return
      if (goesOn(print, row)) return
      beginningLow = print.beginningLow
      beginningHigh = print.beginningHigh
      if ((++runs === tried && next < tried * worth) || next > lastSlot) {
        stop()
        return
      }
      head = next
      count = 0
      write(row, 0)
      beginnings.reserve(1)
      const before = beginnings.put(beginningLow, beginningHigh, head)
      if (before === 0) own.fill(0)
      else {
        loosen(before)
        head = 0
      }
    },
    add({ low, high }, row) {
      if (head !== 0 && count === longest) {
        loosen(head)
        head = 0
      }
      if (head === 0) {
        onLoose(low, high, row)
        return
      }
      let place = low & (places - 1)
      for (let record = own[place] ?? 0; record !== 0; record = own[place] ?? 0) {
        const at = indexOf(head + record)
        if (slots[at] === low && slots[at + 1] === high) {
          onRepeat(row, row - count - 1 + record)
          slots[at] = 0
          slots[at + 1] = 0
          break
        }
        place = (place + 1) & (places - 1)
      }
      write(low, high)
      own[place] = ++count
      slots[indexOf(head) + 1] = count
    },
    release() {
      if (!stopped) free()
    },
  }
}
