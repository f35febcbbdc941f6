/** The rows of a tall file that say nothing new but a price: see ../README.md. */
import { cellsOf, cr } from './cells.as'
import { equal } from './equal.as'
import { isSet } from './known.as'
import { meaning } from './meaning.as'
import { mostRows, Row, rowBytes, rowsAt } from './memory.as'
import { beginPrint, print } from './print.as'

/** Lines of the rows that `take` took, by how they end. */
export let feeds: i32 = 0
export let carriages: i32 = 0

/**
 * Takes the rows from `at` on that begin with the `prefixLength` bytes at `prefix` and are simple, up to `mostRows`; returns how
 * many, and writes what they say to `rowsAt`. `shared`: what all of them have; `end`: where the bytes end.
 */
export function take(
  at: usize,
  end: usize,
  prefix: usize,
  prefixLength: i32,
  columns: i32,
  shared: i32,
  base: usize,
): i32 {
  beginPrint(prefix, prefix + prefixLength)
  feeds = 0
  carriages = 0
  let taken = 0
  let row = changetype<Row>(rowsAt)
  while (taken < mostRows) {
    const rest = at + prefixLength
    if (rest >= end || !equal(at, prefix, prefixLength)) break
    const last = cellsOf(rest, end, columns)
    if (last === 0) break
    const has = meaning(row, columns, base)
    if (has < 0 || !isSet(shared | has)) break
    print(row, rest, last, (last - at) as i32)
    const ending = load<u8>(last) === cr ? 2 : 1
    if (ending === 2) carriages++
    else feeds++
    row.start = (at - base) as i32
    row.has = has
    at = last + ending
    row.finish = (at - base) as i32
    row = changetype<Row>(changetype<usize>(row) + rowBytes)
    taken++
  }
  return taken
}
