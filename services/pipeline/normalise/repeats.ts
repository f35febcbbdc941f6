/**
 * Tells whether a record was met before, byte for byte. Kept of each is a fingerprint of 64 bits and its row, of a million
 * records at most: in a file of up to some hundred thousand rows every repetition is found, and in one of any size those that
 * are not too far apart.
 */
import type { Kernel } from '../kernel/kernel.ts'
import { createFingerprints, type SplitRecord } from './fingerprint.ts'
import { createFingerprintTable } from './fingerprint-table.ts'
import { createRuns } from './repeat-runs.ts'

export type Repeats = {
  /** Looks for the record, which from now on belongs to `row`; what it repeats is told a little later. */
  add(record: RepeatableRecord, row: number): void
  /** Looks for a record that begins as the last one did, by its fingerprint. The last one had a split. */
  goOn(low: number, high: number, row: number): void
  /** Tells what was not told yet. Nothing can be added after it. */
  end(): void
}

/** `row` repeats `earlier`, the last row before it with the same bytes. */
export type OnRepeat = (row: number, earlier: number) => void

/** `repeated`: what stands before the split is what stood there in the row before. */
export type RepeatableRecord = SplitRecord & { repeated: boolean }

/** Records gathered before they are looked for. */
const gathered = 256
const fields = 3

type RepeatsOptions = {
  /** Fingerprints kept, a power of two. */
  most?: number
  /** Makes those of whole records in its memory. */
  kernel?: Kernel | undefined
}

export function createRepeats(onRepeat: OnRepeat, { most = 1 << 20, kernel }: RepeatsOptions = {}): Repeats {
  const fingerprintOf = createFingerprints()
  const table = createFingerprintTable(most)
  const waiting = new Int32Array(gathered * fields)
  let waits = 0
  const runs = createRuns({ most, onRepeat, onLoose: gather })
  let lastRow = 0

  function gather(low: number, high: number, row: number): void {
    const at = waits++ * fields
    waiting[at] = low
    waiting[at + 1] = high
    waiting[at + 2] = row
    if (waits === gathered) look()
  }

  function look(): void {
    table.reserve(waits)
    // Nearly every look misses the cache. Looks that do not depend on each other miss it together, so all places are
    // touched before any is looked at.
    for (let at = 0; at < waits * fields; at += fields) table.touch(waiting[at] ?? 0)
    for (let at = 0; at < waits * fields; at += fields) {
      const row = waiting[at + 2] ?? 0
      const earlier = table.put(waiting[at] ?? 0, waiting[at + 1] ?? 0, row)
      if (earlier !== 0) onRepeat(row, earlier)
    }
    waits = 0
  }

  function addWhole(record: RepeatableRecord, row: number): void {
    const { bytes, start, end } = record
    if (kernel?.sees(bytes)) {
      kernel.print(bytes, start, end)
      gather(kernel.printLow(), kernel.printHigh(), row)
    } else {
      const { low, high } = fingerprintOf(record, false)
      gather(low, high, row)
    }
  }

  return {
    add(record, row) {
      const goesOn = record.repeated && row === lastRow + 1
      lastRow = row
      if (record.split === record.start) {
        addWhole(record, row)
        return
      }
      const print = fingerprintOf(record, goesOn)
      if (!goesOn) runs.begin(print, row)
      runs.add(print, row)
    },
    goOn(low, high, row) {
      lastRow = row
      runs.add({ low, high }, row)
    },
    end() {
      look()
      table.release()
      runs.release()
    },
  }
}
