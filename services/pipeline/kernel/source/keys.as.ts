/** Keys of the JSON templates by numbers, which the caller gives them. */
import { equal } from './equal.as'
import { keySlots, keySlotsAt, keyTextsAt, keyTextsEnd } from './tape-memory.as'

export const noKey: u8 = 255

@unmanaged
class Slot {
  at: usize
  length: i32
  number: i32
}

let used: usize = keyTextsAt
let count: i32 = 0

/** Gives the key at `start`–`end` a number, below 255; whether there was room. */
export function learnKey(start: usize, end: usize, number: i32): bool {
  const length = end - start
  if (used + length > keyTextsEnd || count * 2 >= keySlots) return false
  let slot = slotOf(start, length as i32)
  while (slotAt(slot).length !== 0) slot = (slot + 1) & (keySlots - 1)
  const free = slotAt(slot)
  memory.copy(used, start, length)
  free.at = used
  free.length = length as i32
  free.number = number
  used += length
  count++
  return true
}

/** Its number, `noKey` where it has none. */
@inline
export function keyAt(start: usize, end: usize): u8 {
  const length = (end - start) as i32
  let slot = slotOf(start, length)
  while (true) {
    const known = slotAt(slot)
    if (known.length === 0) return noKey
    if (known.length === length && equal(known.at, start, length)) return known.number as u8
    slot = (slot + 1) & (keySlots - 1)
  }
}

@inline
function slotAt(slot: i32): Slot {
  return changetype<Slot>(keySlotsAt + slot * offsetof<Slot>())
}

/** By the first eight bytes and the length. */
@inline
function slotOf(start: usize, length: i32): i32 {
  const inside: u64 = length >= 8 ? -1 : ((1 as u64) << ((length as u64) << 3)) - 1
  const first = load<u64>(start) & inside
  const hash = (first ^ (length as u64)) * 0x9e3779b97f4a7c15
  return ((hash >> 48) as i32) & (keySlots - 1)
}
