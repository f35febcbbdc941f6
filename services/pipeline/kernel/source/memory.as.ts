/**
 * The kernel's memory: what stands where, and what is asked of columns. kernel.ts must agree. Pointers are addresses in it. Loads of
 * 8 or 16 bytes may read past a cell, never past the memory: kernel.ts leaves room behind the bytes.
 */

// What is asked of a column behind the shared ones.
export const same: i32 = 0
export const blank: i32 = 1
export const payer: i32 = 2
export const plan: i32 = 3
export const dollar: i32 = 4
export const percentage: i32 = 5
export const statistic: i32 = 6
export const count: i32 = 7
export const methodology: i32 = 8
export const text: i32 = 9

/** A column behind the shared ones. The caller writes all but `start` and `end`. */
@unmanaged
export class Column {
  kind: i32
  /** What a filled cell adds to what the row has (`has` of rules/conditions.ts). */
  flag: i32
  /** Which of the row's cells it is, -1 where the caller does not ask for it. */
  cell: i32
  /** Of kind `same`: the cell that it must equal. */
  keptStart: usize
  keptEnd: usize
  /** The cell of the row that is looked at, quotes and blanks apart. */
  start: usize
  end: usize
}

/** What the caller is told of a row; its cells follow. */
@unmanaged
export class Row {
  start: i32
  finish: i32
  pair: i32
  /** What it has beyond what the rows share. */
  has: i32
  /** Its fingerprint: normalise/fingerprint.ts. */
  low: i32
  high: i32
}

@unmanaged
export class Cell {
  /** Counted from `base`. */
  start: i32
  end: i32
  /** What was learned of a word or text; of a count its number, where that is small; else -1. */
  value: i32
}

/** A payer and plan, or a word, that was met before. */
@unmanaged
export class Key {
  hash: u64
  kind: i32
  firstLength: i32
  secondLength: i32
  /** Where its bytes stand, those of the second cell behind those of the first. */
  at: usize
  value: i32
}

// The layout, from the lowest address on.
export const columnsAt: usize = 0x400
export const mostColumns: i32 = 64
export const columnBytes: i32 = offsetof<Column>()
export const setsAt: usize = 0x1000
export const setSlots: i32 = 1024
export const slotsAt: usize = 0x2000
export const slots: i32 = 4096
export const keysAt: usize = 0x6000
export const mostKeys: i32 = 1536
/** Texts leave room for payers and words. */
export const mostTexts: i32 = 1024
export const textsAt: usize = 0x16000
export const textsEnd: usize = 0x40000
export const textsPart: usize = 0x30000
export const rowsAt: usize = 0x40000
export const mostRows: i32 = 512
export const mostCells: i32 = 10
export const rowBytes: i32 = offsetof<Row>() + mostCells * offsetof<Cell>()
export const bytesAt: usize = 0x60000

@inline
export function columnAt(index: i32): Column {
  return changetype<Column>(columnsAt + index * columnBytes)
}

@inline
export function cellAt(row: Row, cell: i32): Cell {
  return changetype<Cell>(changetype<usize>(row) + offsetof<Row>() + cell * offsetof<Cell>())
}
