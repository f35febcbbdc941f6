/** What was met before: payers with their plans, words, and combinations of what a row has. */
import { equal } from './equal.as'
import {
  Key,
  keysAt,
  mostKeys,
  mostTexts,
  setsAt,
  setSlots,
  slots,
  slotsAt,
  text,
  textsAt,
  textsEnd,
  textsPart,
} from './memory.as'

let keys: i32 = 0
let texts: usize = textsAt
let sets: i32 = 0

/** Forgets everything: another file. */
export function reset(): void {
  memory.fill(setsAt, 0, setSlots * 4)
  memory.fill(slotsAt, 0, slots * 4)
  keys = 0
  texts = textsAt
  sets = 0
}

/** Remembers a pair (`kind` payer), or a word of one cell; whether there was room. */
export function learn(
  kind: i32,
  start: usize,
  end: usize,
  secondStart: usize,
  secondEnd: usize,
  value: i32,
): bool {
  if (find(kind, start, end, secondStart, secondEnd) >= 0) return true
  const length = end - start
  const secondLength = secondEnd - secondStart
  if (kind === text && (keys >= mostTexts || texts + length > textsPart)) return false
  if (keys === mostKeys || texts + length + secondLength > textsEnd) return false
  const key = keyAt(keys)
  key.hash = hashOf(kind, start, end, secondStart, secondEnd)
  key.kind = kind
  key.firstLength = length as i32
  key.secondLength = secondLength as i32
  key.at = texts
  key.value = value
  memory.copy(texts, start, length)
  memory.copy(texts + length, secondStart, secondLength)
  texts += length + secondLength
  let slot = (key.hash as i32) & (slots - 1)
  while (load<i32>(slotsAt + slot * 4) !== 0) slot = (slot + 1) & (slots - 1)
  store<i32>(slotsAt + slot * 4, ++keys)
  return true
}

/** The value of a pair or word; -1 where it is not known. */
export function find(kind: i32, start: usize, end: usize, secondStart: usize, secondEnd: usize): i32 {
  const hash = hashOf(kind, start, end, secondStart, secondEnd)
  const firstLength = (end - start) as i32
  const secondLength = (secondEnd - secondStart) as i32
  let slot = (hash as i32) & (slots - 1)
  while (true) {
    const number = load<i32>(slotsAt + slot * 4)
    if (number === 0) return -1
    const key = keyAt(number - 1)
    if (
      key.hash === hash &&
      key.kind === kind &&
      key.firstLength === firstLength &&
      key.secondLength === secondLength &&
      equal(key.at, start, firstLength) &&
      equal(key.at + firstLength, secondStart, secondLength)
    )
      return key.value
    slot = (slot + 1) & (slots - 1)
  }
}

@inline
function keyAt(number: i32): Key {
  return changetype<Key>(keysAt + number * offsetof<Key>())
}

function hashOf(kind: i32, start: usize, end: usize, secondStart: usize, secondEnd: usize): u64 {
  const first = hashed((kind as u64) + (end - start), start, end)
  return hashed(first + (secondEnd - secondStart), secondStart, secondEnd)
}

@inline
function hashed(from: u64, start: usize, end: usize): u64 {
  let hash = from
  let at = start
  for (; at + 8 <= end; at += 8) {
    hash = (hash ^ load<u64>(at)) * 0x9e3779b97f4a7c15
    hash ^= hash >> 32
  }
  if (at < end) hash = (hash ^ (load<u64>(at) & (((1 as u64) << (((end - at) as u64) << 3)) - 1))) * 0x9e3779b97f4a7c15
  return hash ^ (hash >> 29)
}

/** Remembers that a row which has all this breaks no rule; nothing when there is no room. */
export function learnSet(has: i32): void {
  if (sets * 2 >= setSlots || isSet(has)) return
  let slot = slotOf(has)
  while (load<i32>(setsAt + slot * 4) !== 0) slot = (slot + 1) & (setSlots - 1)
  store<i32>(setsAt + slot * 4, has)
  sets++
}

@inline
export function isSet(has: i32): bool {
  let slot = slotOf(has)
  while (true) {
    const known = load<i32>(setsAt + slot * 4)
    if (known === has) return has !== 0
    if (known === 0) return false
    slot = (slot + 1) & (setSlots - 1)
  }
}

@inline
function slotOf(has: i32): i32 {
  return ((has * 0x9e3779b1) >>> 20) & (setSlots - 1)
}
