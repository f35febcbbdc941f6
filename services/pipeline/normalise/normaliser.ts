/** What the layouts have in common: they take records and count what became of them. */
import type { RateColumns } from '../layout/csv-column-names.ts'
import { has } from '../rules/conditions.ts'
import type { Findings } from '../rules/findings.ts'
import { from30, only22 } from '../rules/rule.ts'
import type { CsvScanner } from '../scan/csv-scanner.ts'
import type { CsvRow } from './csv-row.ts'

/** `seen = loaded + rejected`; blank rows hold nothing and are not seen. */
export type RowCounts = { seen: number; loaded: number; rejected: number; blank: number }

export type Normaliser = {
  readonly counts: RowCounts
  /** How many columns at the start often repeat those of the row before: see CsvScanner. */
  readonly repeating: number
  take(scanner: CsvScanner): void
  /** Closes what the last record left open. */
  end(): void
}

/**
 * A row with a modifier and no code is an adjustment, not a price, and goes to `modifiers`; one that also gives any of
 * these amounts has a charge of its own and stays an item without code, so that no amount is lost.
 */
export const chargeAmounts = has.gross | has.cash | has.minimum | has.maximum

const ofItem = has.gross | has.cash
const ofRate = has.dollar | has.percentage | has.algorithm
const ofModifier = has.modifierRow | has.notes

/** Whether a row, some of whose charges cannot be read, gives another price; of a modifier notes are enough. */
export function saysMore(flags: number): boolean {
  return (flags & (ofItem | ofRate)) !== 0 || (flags & ofModifier) === ofModifier
}

/** `long`, `unclosed`: rejected. What a long row says under its headers is checked nevertheless, as CMS does. */
export type Standing = 'sound' | 'long' | 'unclosed'

/** Checks how the record is written; rejects it when its cells may not stand under their headers. */
export function standing(scanner: CsvScanner, row: CsvRow, findings: Findings): Standing {
  row.checkRepeat(scanner)
  if (!scanner.wellEncoded) row.checkBytes(scanner)
  if (scanner.hasNul) row.checkNul(scanner)
  if (scanner.strayQuotes) findings.add('strayQuote', () => row.place(row.columns.none))
  const short = scanner.count < row.columns.none
  if (scanner.unclosed) {
    // With all its cells in place only the text of the last one is in doubt.
    if (short || scanner.count > row.columns.none) {
      findings.reject('unclosedQuote', row)
      return 'unclosed'
    }
    findings.add('unclosedQuote', () => row.place(row.columns.none - 1))
  } else if (row.beyond) {
    findings.reject('rowLong', row)
    return 'long'
  }
  if (short) findings.add('rowShort', () => row.place(row.columns.none))
  return 'sound'
}

/** A quote that stands alone in a row loses nothing; but whoever wrote it meant a cell of several lines, or none. */
export function findInBlank(scanner: CsvScanner, row: CsvRow, findings: Findings): void {
  if (scanner.unclosed) findings.add('unclosedQuote', () => row.place(row.columns.none))
}

/** What a rate may have beside a dollar amount and its methodology: see load/rate-blocks.ts. */
export const beyondDollar =
  has.percentage |
  has.algorithm |
  has.estimated |
  has.median |
  has.percentile10 |
  has.percentile90 |
  has.count |
  has.notes

const withNines = has.estimated | has.count | has.median | has.percentile10 | has.percentile90

/** 999999999, the value that once stood for "not enough data". `flags`: what the rate has. */
export function countNineNines(row: CsvRow, rate: RateColumns, flags: number): void {
  if ((flags & withNines) === 0) return
  if (isNines(row, rate.estimated)) row.find('nineNines', rate.estimated, only22)
  for (const column of [rate.count, rate.median, rate.percentile10, rate.percentile90])
    if (isNines(row, column)) row.find('nineNines', column, from30)
}

function isNines(row: CsvRow, column: number): boolean {
  const start = row.starts[column] ?? 0
  const length = (row.ends[column] ?? 0) - start
  return length >= 9 && row.bytes[start] === 0x39 && Number(row.text(column)) === 999_999_999
}
