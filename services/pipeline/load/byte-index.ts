/**
 * A map from byte strings to numbers that never makes a string of its keys. Open addressing over one arena of bytes.
 *
 * A file can choose keys that all meet in one slot. So a key whose place is too far from its slot is not kept, and `find`
 * misses it again: whoever asks must be able to do without.
 */
import { createByteView } from '../scan/byte-view.ts'

/** Slots that are looked at for a key. Half of all are empty, so honest keys need a few. */
const farthest = 64

export class ByteIndex {
  private slots: Int32Array
  private hashes: Int32Array
  private entryStart = new Int32Array(64)
  private entryEnd = new Int32Array(64)
  private seeds = new Int32Array(64)
  private values = new Float64Array(64)
  /** Whether keys are asked for in the same order again and again: then the one that came after the last is tried first. */
  private readonly ordered: boolean
  private followers = new Int32Array(64).fill(-1)
  private last = 0
  private arena: Buffer
  private arenaView: DataView<ArrayBufferLike>
  private readonly viewOf = createByteView()
  private used = 0
  private count = 0
  /** Of the key that was missed; -1: it has no place. */
  private slot = -1
  private hash = 0

  constructor({ arenaBytes = 4096, ordered = false } = {}) {
    this.ordered = ordered
    this.arena = Buffer.allocUnsafeSlow(arenaBytes)
    this.arenaView = new DataView(this.arena.buffer)
    this.slots = new Int32Array(128).fill(-1)
    this.hashes = new Int32Array(128)
  }

  get size(): number {
    return this.count
  }

  /** Bytes held by the keys. */
  get keyBytes(): number {
    return this.used
  }

  /** The value of a key, or -1; `add` right after a miss stores under the same key. `seed` tells equal bytes apart. */
  find(bytes: Buffer, start: number, end: number, seed = 0): number {
    const view = this.viewOf(bytes)
    if (this.ordered) {
      const guess = this.followers[this.last] ?? -1
      if (guess >= 0 && this.seeds[guess] === seed && this.same(guess, view, start, end)) {
        this.last = guess
        return this.values[guess] ?? -1
      }
    }
    let hash = Math.imul((seed ^ 0x811c9dc5) + end - start, 0x01000193)
    let at = start
    for (; at + 4 <= end; at += 4) {
      hash = Math.imul(hash ^ view.getInt32(at, true), 0x85ebca6b)
      hash ^= hash >>> 15
    }
    for (; at < end; at++) hash = Math.imul(hash ^ view.getUint8(at), 0x01000193)
    hash ^= hash >>> 15
    const mask = this.slots.length - 1
    let slot = hash & mask
    for (let looked = 0; looked < farthest; looked++) {
      const entry = this.slots[slot] ?? -1
      if (entry < 0) {
        this.slot = slot
        this.hash = hash
        return -1
      }
      if (this.hashes[slot] === hash && this.seeds[entry] === seed && this.same(entry, view, start, end)) {
        this.followers[this.last] = entry
        this.last = entry
        return this.values[entry] ?? -1
      }
      slot = (slot + 1) & mask
    }
    this.slot = -1
    return -1
  }

  private same(entry: number, view: DataView<ArrayBufferLike>, start: number, end: number): boolean {
    let held = this.entryStart[entry] ?? 0
    if ((this.entryEnd[entry] ?? 0) - held !== end - start) return false
    const { arenaView } = this
    let at = start
    for (; at + 4 <= end; at += 4, held += 4) if (arenaView.getInt32(held) !== view.getInt32(at)) return false
    for (; at < end; at++, held++) if (arenaView.getUint8(held) !== view.getUint8(at)) return false
    return true
  }

  /** Stores the key that `find` has just missed. False: there is no place for it. */
  add(bytes: Uint8Array, start: number, end: number, value: number, seed = 0): boolean {
    if (this.slot < 0) return false
    const length = end - start
    if (this.used + length > this.arena.length) {
      const grown = Buffer.allocUnsafeSlow(Math.max(this.arena.length * 2, this.used + length))
      this.arena.copy(grown, 0, 0, this.used)
      this.arena = grown
      this.arenaView = new DataView(grown.buffer)
    }
    this.arena.set(bytes.subarray(start, end), this.used)
    const entry = this.count++
    if (entry === this.values.length) this.growEntries()
    this.entryStart[entry] = this.used
    this.used += length
    this.entryEnd[entry] = this.used
    this.seeds[entry] = seed
    this.values[entry] = value
    this.slots[this.slot] = entry
    this.hashes[this.slot] = this.hash
    if (this.count * 2 > this.slots.length) this.growSlots()
    return true
  }

  clear(): void {
    this.slots.fill(-1)
    this.followers.fill(-1)
    this.last = 0
    this.used = 0
    this.count = 0
  }

  private growEntries(): void {
    const size = this.count * 2
    this.entryStart = copyOf(this.entryStart, new Int32Array(size))
    this.entryEnd = copyOf(this.entryEnd, new Int32Array(size))
    this.seeds = copyOf(this.seeds, new Int32Array(size))
    this.followers = copyOf(this.followers, new Int32Array(size).fill(-1))
    const values = new Float64Array(size)
    values.set(this.values)
    this.values = values
  }

  private growSlots(): void {
    const slots = new Int32Array(this.slots.length * 2).fill(-1)
    const hashes = new Int32Array(slots.length)
    const mask = slots.length - 1
    this.slots.forEach((entry, old) => {
      if (entry < 0) return
      const hash = this.hashes[old] ?? 0
      let slot = hash & mask
      while ((slots[slot] ?? -1) >= 0) slot = (slot + 1) & mask
      slots[slot] = entry
      hashes[slot] = hash
    })
    this.slots = slots
    this.hashes = hashes
  }
}

function copyOf<Target extends Int32Array>(from: Int32Array, to: Target): Target {
  to.set(from)
  return to
}
