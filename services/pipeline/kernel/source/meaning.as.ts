/** From cells to what a row says. */
import { find } from './known.as'
import { equal } from './equal.as'
import { mayBeNines, wholeDigits } from './numbers.as'
import {
  cellAt,
  columnAt,
  count,
  dollar,
  methodology,
  payer,
  percentage,
  plan,
  Row,
  same,
  statistic,
  text,
} from './memory.as'

/** Writes what the cells say; returns what the row has, -1 when something about it would have to be said. */
export function meaning(row: Row, columns: i32, base: usize): i32 {
  let has = 0
  let payerStart: usize = 0
  let payerEnd: usize = 0
  let planStart: usize = 0
  let planEnd: usize = 0
  for (let index = 0; index < columns; index++) {
    const column = columnAt(index)
    const kind = column.kind
    const start = column.start
    const end = column.end
    if (kind === same) {
      const length = (end - start) as i32
      if (length !== ((column.keptEnd - column.keptStart) as i32)) return -1
      if (!equal(start, column.keptStart, length)) return -1
      continue
    }
    const cell = cellAt(row, column.cell)
    if (column.cell >= 0) {
      cell.start = (start - base) as i32
      cell.end = (end - base) as i32
    }
    if (start >= end) continue
    has |= column.flag
    switch (kind) {
      case payer:
        payerStart = start
        payerEnd = end
        break
      case plan:
        planStart = start
        planEnd = end
        break
      case dollar:
        if (wholeDigits(start, end) < 0) return -1
        break
      case percentage: {
        const digits = wholeDigits(start, end)
        if (digits < 0 || digits > 3) return -1
        break
      }
      case statistic:
        if (mayBeNines(start, end) || wholeDigits(start, end) < 0) return -1
        break
      case count:
        if (mayBeNines(start, end)) return -1
        cell.value = -1
        if (isPlainCount(start, end)) cell.value = small(start, end)
        else {
          const known = find(count, start, end, 0, 0)
          if (known < 0) return -1
          has |= known
        }
        break
      case methodology: {
        const known = find(methodology, start, end, 0, 0)
        if (known < 0) return -1
        // The lowest bit: that it is the one which asks for notes.
        cell.value = known >> 1
        if (known & 1) has |= methodologyOther
        break
      }
      case text:
        cell.value = find(text, start, end, 0, 0)
        break
      default:
        return -1
    }
  }
  row.pair = find(payer, payerStart, payerEnd, planStart, planEnd)
  return row.pair < 0 ? -1 : has
}

/** `has.methodologyOther` of rules/conditions.ts. */
const methodologyOther: i32 = 1 << 6

/** A whole number from 11 without zeros before it. */
@inline
function isPlainCount(start: usize, end: usize): bool {
  const length = (end - start) as i32
  if (length < 2 || load<u8>(start) === 0x30 || wholeDigits(start, end) !== length) return false
  return length > 2 || load<u16>(start) !== 0x3031
}

/** A whole number of up to four digits; -1 for one of more. */
@inline
function small(start: usize, end: usize): i32 {
  if (end - start > 4) return -1
  let value: i32 = 0
  for (let at = start; at < end; at++) value = value * 10 + (load<u8>(at) - 0x30)
  return value
}
