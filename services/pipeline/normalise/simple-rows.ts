/**
 * The rows after a row of a tall file that say nothing new but a price, taken by kernel/kernel.ts: see
 * kernel/README.md. What is written and counted is what `createTall` would write and count for each of them.
 */
import type { Kernel } from '../kernel/kernel.ts'
import { type ColumnKind, cellFields, columnKinds, rowFields } from '../kernel/rows-kernel.ts'
import type { DataColumns, RateColumns } from '../layout/csv-column-names.ts'
import { nameBytes, noPair, type Pair } from '../load/payers.ts'
import type { Rows } from '../load/rows.ts'
import type { Word } from '../load/vocabulary.ts'
import { has } from '../rules/conditions.ts'
import type { CsvScanner } from '../scan/csv-scanner.ts'
import type { CsvRow } from './csv-row.ts'
import { beyondDollar } from './normaliser.ts'

type Options = {
  kernel: Kernel
  columns: DataColumns & { layout: 'tall' }
  rate: RateColumns
  /** The columns before payer and plan. */
  leading: number
  /** Those behind them that item and charge are told by. */
  shared: readonly number[]
  row: CsvRow
  rows: Rows
}

/** What a row said that the rows after it may say again. */
export type Said = { pair: Pair; methodology: Word; count: Word; has: number }

export type SimpleRows = {
  /** Takes the rows after the scanner's, which then stands on the last of them. Returns how many. */
  take(scanner: CsvScanner, chargeId: number, sharedHas: number): number
  /** The row, about which nothing had to be said, has its words and their combination remembered. */
  learn(said: Said): void
}

/** Cells that the kernel hands over, in the order of their numbers. */
const cellNames = [
  'dollar',
  'percentage',
  'estimated',
  'median',
  'percentile10',
  'percentile90',
  'count',
  'algorithm',
  'notes',
] as const
const cells: RateColumns = {
  dollar: 0,
  percentage: 1,
  estimated: 2,
  median: 3,
  percentile10: 4,
  percentile90: 5,
  count: 6,
  algorithm: 7,
  notes: 8,
  methodology: 9,
}

const mostCells = Object.keys(cells).length

const kinds: Record<(typeof cellNames)[number], ColumnKind> = {
  dollar: columnKinds.dollar,
  percentage: columnKinds.percentage,
  estimated: columnKinds.statistic,
  median: columnKinds.statistic,
  percentile10: columnKinds.statistic,
  percentile90: columnKinds.statistic,
  count: columnKinds.count,
  algorithm: columnKinds.text,
  notes: columnKinds.text,
}

/** Undefined for a file whose columns stand so that the kernel cannot go through them. */
export function createSimpleRows({
  kernel,
  columns,
  rate,
  leading,
  shared,
  row,
  rows,
}: Options): SimpleRows | undefined {
  const ofRows = kernel.rows
  const count = columns.none - leading
  /** Texts that stand before payer and plan: those of the row before. */
  const leads = cellNames.filter(name => rate[name] < leading)
  const readable = rate.methodology >= leading && leads.every(name => kinds[name] === columnKinds.text)
  if (leading === 0 || count > ofRows.mostColumns || !readable) return undefined
  for (let index = 0; index < count; index++) ofRows.column(index, columnKinds.blank, 0, -1)
  for (const column of shared) ofRows.column(column - leading, columnKinds.same, 0, -1)
  place(columns.payer, columnKinds.payer, has.payer, -1)
  place(columns.plan, columnKinds.plan, has.plan, -1)
  place(rate.methodology, columnKinds.methodology, has.methodology, cells.methodology)
  const follow = cellNames.filter(name => rate[name] >= leading && rate[name] !== columns.none)
  for (const name of follow) place(rate[name], kinds[name], has[name], cells[name])

  function place(column: number, kind: ColumnKind, flag: number, cell: number): void {
    if (column !== columns.none) ofRows.column(column - leading, kind, flag, cell)
  }

  const { rows: taken, rowInts } = ofRows
  const noWord = rows.words.methodologies.named('')
  const methodologies: Word[] = []
  const numbers = new Map<Word, number>()
  /** By their numbers, as far as those were met. */
  const smallCounts: (Word | undefined)[] = []
  /** Ids of texts that the kernel knows, by the value it was given. */
  const textIds: number[] = []
  const pairs = rows.payers.all()
  const told = {
    pair: noPair,
    methodology: noWord,
    count: noWord,
    plain: false,
    algorithmId: 0,
    notesId: 0,
  }
  const simple = {
    bytes: row.bytes,
    starts: new Int32Array(mostCells),
    ends: new Int32Array(mostCells),
    row: 0,
    offset: 0,
    length: 0,
  }

  /** What the cells of `leads` have, which stand in their places once for all rows. */
  function lead(): number {
    let present = 0
    for (const name of leads) {
      simple.starts[cells[name]] = row.starts[rate[name]] ?? 0
      simple.ends[cells[name]] = row.ends[rate[name]] ?? 0
      if (row.filled(rate[name])) present |= has[name]
    }
    return present
  }

  const read = follow.map(name => cells[name])
  const cellAt = (at: number, cell: number) => at + rowFields.cells + cell * cellFields.size
  const valueAt = (at: number, cell: number) => taken[cellAt(at, cell) + cellFields.value] ?? 0

  function copyCell(at: number, cell: number): void {
    const from = cellAt(at, cell)
    simple.starts[cell] = taken[from] ?? 0
    simple.ends[cell] = taken[from + 1] ?? 0
  }

  function countOf(at: number): Word {
    const number = valueAt(at, cells.count)
    const known = number < 0 ? undefined : smallCounts[number]
    if (known) return known
    const word = rows.words.counts.find(simple, cells.count)
    if (number >= 0) smallCounts[number] = word
    return word
  }

  function textOf(at: number, cell: number): number {
    const isLed = !read.includes(cell)
    const known = isLed ? -1 : valueAt(at, cell)
    if (known >= 0) return textIds[known] ?? 0
    const id = rows.text(simple, cell)
    const { bytes, starts, ends } = simple
    const learnt =
      !isLed && ofRows.learnWord(columnKinds.text, bytes, starts[cell] ?? 0, ends[cell] ?? 0, textIds.length)
    if (learnt) textIds.push(id)
    return id
  }

  function write(at: number, chargeId: number, led: number): void {
    const present = (taken[at + rowFields.has] ?? 0) | led
    told.pair = pairs[taken[at + rowFields.pair] ?? 0] ?? noPair
    told.methodology =
      (present & has.methodology) === 0 ? noWord : (methodologies[valueAt(at, cells.methodology)] ?? noWord)
    told.plain = (present & beyondDollar) === 0
    told.algorithmId = 0
    told.notesId = 0
    if (told.plain) copyCell(at, cells.dollar)
    else {
      for (const cell of read) copyCell(at, cell)
      told.count = (present & has.count) === 0 ? noWord : countOf(at)
      if ((present & has.algorithm) !== 0) told.algorithmId = textOf(at, cells.algorithm)
      if ((present & has.notes) !== 0) told.notesId = textOf(at, cells.notes)
    }
    rows.rate(simple, chargeId, cells, told, undefined)
  }

  return {
    take(scanner, chargeId, sharedHas) {
      const { bytes, start, finish, prefixEnd } = scanner
      if (!kernel.sees(bytes) || !scanner.wellEncoded || scanner.hasNul) return 0
      for (const column of shared)
        ofRows.kept(column - leading, bytes, row.starts[column] ?? 0, row.ends[column] ?? 0)
      const led = lead()
      const all = sharedHas | led
      const many = ofRows.take(bytes, finish, scanner.held, start, prefixEnd - start, count, all)
      if (many === 0) return 0
      simple.bytes = bytes
      simple.row = row.row
      for (let at = 0; at < many * rowInts; at += rowInts) {
        simple.row++
        write(at, chargeId, led)
        row.repeatOf(taken[at + rowFields.low] ?? 0, taken[at + rowFields.high] ?? 0, simple.row)
      }
      const last = (many - 1) * rowInts
      scanner.passOver(
        many,
        taken[last + rowFields.start] ?? 0,
        taken[last + rowFields.finish] ?? 0,
        ofRows.endings(),
      )
      row.follow(scanner)
      return many
    },
    learn({ pair, methodology, count: counted, has: all }) {
      const { bytes, starts, ends } = row
      if (!kernel.sees(bytes)) return
      const payer = starts[columns.payer] ?? 0
      const payerEnd = ends[columns.payer] ?? 0
      const plan = starts[columns.plan] ?? 0
      const planEnd = ends[columns.plan] ?? 0
      if (payerEnd - payer > nameBytes || planEnd - plan > nameBytes) return
      ofRows.learnPair(bytes, payer, payerEnd, plan, planEnd, pair.index)
      if (methodology.index !== 0) {
        const number = numbers.get(methodology) ?? methodologies.push(methodology) - 1
        numbers.set(methodology, number)
        const value = number * 2 + (methodology.text === 'other' ? 1 : 0)
        learnWord(columnKinds.methodology, rate.methodology, value)
      }
      if (counted.index !== 0)
        learnWord(columnKinds.count, rate.count, counted.text === '0' ? has.countZero : 0)
      ofRows.learnSet(all)
    },
  }

  function learnWord(kind: ColumnKind, column: number, value: number): void {
    ofRows.learnWord(kind, row.bytes, row.starts[column] ?? 0, row.ends[column] ?? 0, value)
  }
}
