/** From bytes to cells. */
import { columnAt } from './memory.as'

const comma: i32 = 0x2c
const quote: i32 = 0x22
const lf: i32 = 0x0a
export const cr: i32 = 0x0d

/**
 * Finds the cells of a row from `at` on. Returns where its line end begins; 0 when the row is not whole, has fewer cells than
 * columns or more that are filled, or is written in a way that takes more than this to read: quotes within quotes, lines
 * within cells, a CR that ends no line.
 */
export function cellsOf(at: usize, end: usize, columns: i32): usize {
  let index = 0
  let start = at
  // Whether `start` is behind an opening quote; whether the cell is added, and only its comma or line end awaited.
  let quoted = false
  let closed = false
  for (let block = at; block < end; block += 16) {
    let marks = marksIn(block)
    while (marks !== 0) {
      const mark = block + ctz(marks)
      marks &= marks - 1
      if (mark >= end) return 0
      const byte: i32 = load<u8>(mark)
      if (quoted) {
        if (byte === comma) continue
        if (byte !== quote || mark + 1 >= end) return 0
        const next: i32 = load<u8>(mark + 1)
        if (next !== comma && next !== lf && next !== cr) return 0
        if (!add(index++, start, mark, columns)) return 0
        quoted = false
        closed = true
      } else if (byte === comma) {
        if (!closed && !add(index++, start, mark, columns)) return 0
        closed = false
        start = mark + 1
      } else if (byte === quote) {
        if (mark !== start) continue
        quoted = true
        start = mark + 1
      } else {
        if (byte === cr && (mark + 1 >= end || load<u8>(mark + 1) !== lf)) return 0
        if (!closed && !add(index++, start, mark, columns)) return 0
        return index >= columns ? mark : 0
      }
    }
  }
  return 0
}

@inline
function marksIn(block: usize): i32 {
  const bytes = v128.load(block)
  const separators = v128.or(i8x16.eq(bytes, i8x16.splat(0x2c)), i8x16.eq(bytes, i8x16.splat(0x22)))
  const lines = v128.or(i8x16.eq(bytes, i8x16.splat(0x0a)), i8x16.eq(bytes, i8x16.splat(0x0d)))
  return i8x16.bitmask(v128.or(separators, lines))
}

/** Trims a cell. False when a byte beyond ASCII stands at its edge, which may be one of Unicode's blanks. */
@inline
function add(index: i32, from: usize, to: usize, columns: i32): bool {
  let start = from
  let end = to
  if (start < end) {
    while (start < end && load<u8>(start) <= 0x20) start++
    while (start < end && load<u8>(end - 1) <= 0x20) end--
    if (start < end && (load<u8>(start) >= 0xc2 || load<u8>(end - 1) >= 0x80)) return false
  }
  if (index >= columns) return start >= end
  const column = columnAt(index)
  column.start = start
  column.end = end
  return true
}
