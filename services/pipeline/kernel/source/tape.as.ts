/** One JSON object as the tape of tokens of scan/json-tape.ts, in one pass. */
import { keyAt, noKey } from './keys.as'
import { mayBeNines, wholeDigits } from './numbers.as'
import {
  aftersAt,
  endsAt,
  escapedAt,
  notesAt,
  kindsAt,
  mostDepth,
  mostEscaped,
  mostTokens,
  openAt,
  startsAt,
} from './tape-memory.as'

// As in scan/json-tape.ts.
const object: i32 = 1
const array: i32 = 2
const text: i32 = 3
const number: i32 = 4
const yes: i32 = 5
const no: i32 = 6
const nothing: i32 = 7

const quote: i32 = 0x22
const backslash: i32 = 0x5c
const colon: i32 = 0x3a
const comma: i32 = 0x2c
const openBrace: i32 = 0x7b
const closeBrace: i32 = 0x7d
const openBracket: i32 = 0x5b
const closeBracket: i32 = 0x5d

// What may come next.
const value: i32 = 0
const firstKey: i32 = 1
const key: i32 = 2
const firstElement: i32 = 3
const afterValue: i32 = 4

/** Of the object that `parse` read: where it ends, counted from `base`; how many of its strings hold escapes. */
export let objectEnd: i32 = 0
export let escaped: i32 = 0

let tokens: i32 = 0
/** Where strings, numbers and words end in memory. */
let ended: usize = 0

/**
 * Reads the object at `start`; returns how many tokens it has. 0 when it is not whole before `end`, is no JSON, or has more than there is
 * room for: then nothing is known of it. Escapes are left as they are, and known to be good ones; no key has any.
 */
export function parse(start: usize, end: usize, base: usize): i32 {
  tokens = 0
  escaped = 0
  let depth = 0
  let expected = value
  let at = start
  while (true) {
    at = pastBlanks(at, end)
    if (at >= end || tokens + 2 > mostTokens) return 0
    const byte: i32 = load<u8>(at)
    if (expected === afterValue) {
      const open = openToken(depth)
      const isObject = load<u8>(kindsAt + open) === object
      at++
      if (byte === comma) expected = isObject ? key : value
      else if (byte === (isObject ? closeBrace : closeBracket)) {
        close(open, at, base)
        if (--depth === 0) {
          objectEnd = (at - base) as i32
          return tokens
        }
      } else return 0
      continue
    }
    if (expected === key || expected === firstKey) {
      if (byte === closeBrace && expected === firstKey) {
        expected = afterValue
        continue
      }
      if (byte !== quote || !string(at + 1, end, base, false)) return 0
      store<u8>(notesAt + tokens - 1, keyAt(at + 1, ended - 1))
      at = pastBlanks(ended, end)
      if (at >= end || load<u8>(at) !== colon) return 0
      at++
      expected = value
      continue
    }
    if (byte === closeBracket && expected === firstElement) {
      expected = afterValue
      continue
    }
    if (byte === openBrace || byte === openBracket) {
      if (++depth > mostDepth) return 0
      store<i32>(openAt + depth * 4, begin(byte === openBrace ? object : array, at, base))
      expected = byte === openBrace ? firstKey : firstElement
      at++
      continue
    }
    if (depth === 0 || !scalar(byte, at, end, base)) return 0
    at = ended
    expected = afterValue
  }
}

@inline
function openToken(depth: i32): i32 {
  return load<i32>(openAt + depth * 4)
}

@inline
function begin(kind: i32, at: usize, base: usize): i32 {
  const token = tokens++
  store<u8>(kindsAt + token, kind as u8)
  store<u8>(notesAt + token, noKey)
  store<i32>(startsAt + token * 4, (at - base) as i32)
  return token
}

@inline
function close(token: i32, end: usize, base: usize): void {
  store<i32>(endsAt + token * 4, (end - base) as i32)
  store<i32>(aftersAt + token * 4, tokens)
}

@inline
function pastBlanks(from: usize, end: usize): usize {
  let at = from
  while (at < end) {
    const byte = load<u8>(at)
    if (byte > 0x20 || (byte !== 0x20 && byte !== 0x0a && byte !== 0x0d && byte !== 0x09)) break
    at++
  }
  return at
}

@inline
function scalar(byte: i32, at: usize, end: usize, base: usize): bool {
  if (byte === quote) return string(at + 1, end, base, true)
  if (byte === 0x2d || isDigit(byte)) return digits(at, end, base)
  if (byte === 0x74) return word(0x65757274, 4, yes, at, end, base)
  if (byte === 0x66) return load<u8>(at + 4) === 0x65 && word(0x736c6166, 5, no, at, end, base)
  if (byte === 0x6e) return word(0x6c6c756e, 4, nothing, at, end, base)
  return false
}

/** `first`: its first four letters. */
@inline
function word(first: i32, length: i32, kind: i32, at: usize, end: usize, base: usize): bool {
  ended = at + length
  if (ended > end || load<i32>(at) !== first) return false
  close(begin(kind, at, base), ended, base)
  return true
}

/** The text of a string from `from` on, behind its quote. */
function string(from: usize, end: usize, base: usize, mayEscape: bool): bool {
  const token = begin(text, from, base)
  let at = from
  let escapes = false
  while (true) {
    const marks = marksIn(at)
    if (marks === 0) {
      at += 16
      if (at >= end) return false
      continue
    }
    at += ctz(marks)
    if (at >= end) return false
    const byte: i32 = load<u8>(at)
    if (byte === quote) break
    if (byte !== backslash || !mayEscape) return false
    at = pastEscape(at, end)
    if (at === 0) return false
    escapes = true
  }
  close(token, at, base)
  ended = at + 1
  if (escapes) {
    if (escaped === mostEscaped) return false
    store<i32>(escapedAt + escaped++ * 4, token)
  }
  return true
}

/** Quotes, backslashes and control characters, as bits. */
@inline
function marksIn(at: usize): i32 {
  const bytes = v128.load(at)
  const ends = v128.or(i8x16.eq(bytes, i8x16.splat(0x22)), i8x16.eq(bytes, i8x16.splat(0x5c)))
  return i8x16.bitmask(v128.or(ends, i8x16.lt_u(bytes, i8x16.splat(0x20))))
}

/** Where the escape at `at` ends; 0 when it is none (RFC 8259, 7). */
function pastEscape(at: usize, end: usize): usize {
  if (at + 2 > end) return 0
  const letter: i32 = load<u8>(at + 1)
  if (letter !== 0x75) return isEscaped(letter) ? at + 2 : 0
  if (at + 6 > end) return 0
  for (let digit = at + 2; digit < at + 6; digit++) {
    const byte: i32 = load<u8>(digit)
    const small = byte | 0x20
    if (!isDigit(byte) && (small < 0x61 || small > 0x66)) return 0
  }
  return at + 6
}

/** One of `"\/bfnrt`. */
@inline
function isEscaped(byte: i32): bool {
  return (
    byte === quote ||
    byte === backslash ||
    byte === 0x2f ||
    byte === 0x62 ||
    byte === 0x66 ||
    byte === 0x6e ||
    byte === 0x72 ||
    byte === 0x74
  )
}

@inline
function isDigit(byte: i32): bool {
  return ((byte - 0x30) as u32) < 10
}

function digits(start: usize, end: usize, base: usize): bool {
  let at = start
  if (load<u8>(at) === 0x2d) at++
  const whole = at
  at = pastDigits(at, end)
  if (at === whole || (load<u8>(whole) === 0x30 && at - whole > 1)) return false
  if (at < end && load<u8>(at) === 0x2e) {
    const fraction = at + 1
    at = pastDigits(fraction, end)
    if (at === fraction) return false
  }
  if (at < end && (load<u8>(at) | 0x20) === 0x65) {
    at++
    if (at < end && (load<u8>(at) === 0x2b || load<u8>(at) === 0x2d)) at++
    const exponent = at
    at = pastDigits(exponent, end)
    if (at === exponent) return false
  }
  const token = begin(number, start, base)
  store<u8>(notesAt + token, isPlainAmount(start, at) ? 1 : 0)
  close(token, at, base)
  ended = at
  return true
}

/** As normalise/json-amount.ts has it, for up to 16 characters and without a look at those that may be nine 9s. */
@inline
function isPlainAmount(start: usize, end: usize): bool {
  return end - start <= 16 && !mayBeNines(start, end) && wholeDigits(start, end) >= 0
}

@inline
function pastDigits(from: usize, end: usize): usize {
  let at = from
  while (at < end && isDigit(load<u8>(at))) at++
  return at
}
