/** Fingerprints, as normalise/fingerprint.ts makes them. */
import { Row, rowsAt } from './memory.as'

let beginOne: i32 = 0
let beginTwo: i32 = 0
let beginThree: i32 = 0
let beginFour: i32 = 0
let one: i32 = 0
let two: i32 = 0
let three: i32 = 0
let four: i32 = 0

export function beginPrint(start: usize, end: usize): void {
  one = 0
  two = 0x9e3779b9
  three = 0x2545f491
  four = 0x6c8e9cf5
  mix(start, end)
  beginOne = one
  beginTwo = two
  beginThree = three
  beginFour = four
}

export function print(row: Row, start: usize, end: usize, length: i32): void {
  one = beginOne ^ length
  two = beginTwo
  three = beginThree
  four = beginFour
  mix(start, end)
  row.low = scrambled(one, 0x7feb352d) ^ two ^ scrambled(three, 0x68e31da5)
  row.high = scrambled(two, 0x846ca68b) ^ (one >>> 7) ^ scrambled(four, 0x1b873593)
}

@inline
function mix(start: usize, end: usize): void {
  let a = one
  let b = two
  let c = three
  let d = four
  let at = start
  for (; at + 8 <= end; at += 8) {
    const word = load<i32>(at)
    const next = load<i32>(at + 4)
    a = (a ^ word) * 0x85ebca6b
    a ^= a >>> 15
    b = (b + word) * 0xc2b2ae35
    b ^= b >>> 13
    c = (c ^ next) * 0x85ebca6b
    c ^= c >>> 15
    d = (d + next) * 0xc2b2ae35
    d ^= d >>> 13
  }
  for (; at < end; at++) {
    const byte: i32 = load<u8>(at)
    a = (a ^ byte) * 0x85ebca6b
    b = (b + byte) * 0xc2b2ae35
  }
  one = a
  two = b
  three = c
  four = d
}

@inline
function scrambled(value: i32, by: i32): i32 {
  return (value ^ (value >>> 16)) * by
}

/** The two halves of the fingerprint of the bytes at `start`–`end`. */
export let printLow: i32 = 0
export let printHigh: i32 = 0

export function printOf(start: usize, end: usize): void {
  beginPrint(start, start)
  print(changetype<Row>(rowsAt), start, end, (end - start) as i32)
  printLow = changetype<Row>(rowsAt).low
  printHigh = changetype<Row>(rowsAt).high
}
