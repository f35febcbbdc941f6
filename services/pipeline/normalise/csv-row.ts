/** A CSV record as a row of cells, with the checks and findings that the tall and the wide layout share. */

import { isUtf8 } from 'node:buffer'
import type { Kernel } from '../kernel/kernel.ts'
import type { DataColumns } from '../layout/csv-column-names.ts'
import type { Row } from '../load/rows.ts'
import { type RuleName, rules } from '../rules/catalogue.ts'
import { columnLetters, cutCell, type Findings, type Place } from '../rules/findings.ts'
import type { Span } from '../rules/rule.ts'
import { numberKind, plainNumber, readNumber, zeroNumber } from '../rules/values.ts'
import type { CsvScanner } from '../scan/csv-scanner.ts'
import { cellText, firstBadByte } from '../scan/encoding.ts'
import { createRepeats, type Repeats } from './repeats.ts'

export class CsvRow implements Row {
  bytes: Buffer = Buffer.alloc(0)
  /** Those of the scanner. */
  starts = new Int32Array(1)
  ends = new Int32Array(1)
  row = 0
  offset = 0
  length = 0
  /** Columns at the start whose cells are those of the row before, 0 when they were not compared. */
  repeated = 0
  /** Whether values stand beyond the last header. */
  beyond = false
  /** Set while cells are read that CMS does not know as payer columns: what CMS asks is not asked of them. */
  outsideTemplate = false
  readonly columns: DataColumns
  private readonly findings: Findings
  private readonly repeats: Repeats
  private readonly record = { bytes: this.bytes, start: 0, split: 0, end: 0, repeated: false }
  /** Columns whose text has no place in a table: numbers that cannot be read, the type of a code that is not there. */
  private homeless: number[] = []

  constructor(columns: DataColumns, findings: Findings, kernel: Kernel | undefined) {
    this.columns = columns
    this.findings = findings
    this.repeats = createRepeats(
      (row, earlier) => findings.add('exactDuplicate', { row, cell: `row ${row}`, fill: { row: earlier } }),
      { kernel },
    )
  }

  /** Takes over the scanner's record. False for a blank one. */
  take(scanner: CsvScanner): boolean {
    const { none } = this.columns
    if (scanner.starts.length <= none) scanner.reserve(none + 1)
    const { bytes, starts, ends, count } = scanner
    this.beyond = count > none && someFilled(starts, ends, count, none)
    for (let column = Math.min(count, none); column <= none; column++) {
      starts[column] = 0
      ends[column] = 0
    }
    if (this.homeless.length > 0) this.homeless = []
    this.bytes = bytes
    this.starts = starts
    this.ends = ends
    this.repeated = scanner.row === this.row + 1 && scanner.repeated <= none ? scanner.repeated : 0
    this.row = scanner.row
    this.offset = scanner.offset
    this.length = scanner.length
    return scanner.filled || someFilled(starts, ends, scanner.repeated)
  }

  filled(column: number): boolean {
    return (this.starts[column] ?? 0) < (this.ends[column] ?? 0)
  }

  text(column: number): string {
    return cellText(this.bytes, this.starts[column] ?? 0, this.ends[column] ?? 0)
  }

  place(column: number, value = true): Place {
    if (column >= this.columns.none) return { row: this.row, cell: `row ${this.row}` }
    const start = this.starts[column] ?? 0
    const end = this.ends[column] ?? 0
    return {
      row: this.row,
      column,
      columnName: this.columns.names[column] ?? '',
      cell: `${columnLetters(column)}${this.row}`,
      ...(value && start < end && { value: cutCell(this.bytes, start, end) }),
    }
  }

  /** `span`: the templates that know the column, where not all do. */
  find(rule: RuleName, column: number, span?: Span): void {
    if (this.outsideTemplate && rules[rule].layer === 'cms') return
    this.findings.add(rule, () => this.place(column), span)
  }

  /** Has `extra` keep what the column says. */
  keep(column: number): void {
    this.homeless.push(column)
  }

  /** Checks a numeric cell. 0 blank, 1 readable, -1 not. */
  number(column: number, span?: Span): 0 | 1 | -1 {
    const start = this.starts[column] ?? 0
    const end = this.ends[column] ?? 0
    if (start >= end) return 0
    const kind = numberKind(this.bytes, start, end)
    if (kind === plainNumber) return 1
    this.find('number', column, span)
    if (kind === zeroNumber) return 1
    const read = readNumber(this.text(column))
    if (read === undefined) {
      this.keep(column)
      this.find('numberUnreadable', column)
    } else this.findings.add('numberRead', () => ({ ...this.place(column), fill: { number: read } }))
    return read === undefined ? -1 : 1
  }

  /** Digits before the point. */
  wholeDigits(column: number): number {
    const start = this.starts[column] ?? 0
    const end = this.ends[column] ?? 0
    let at = start
    while (at < end && this.bytes[at] !== 0x2e) at++
    return at - start
  }

  /** Bytes that are not UTF-8, lost characters, NUL: looked for only where the scanner holds more than ASCII. */
  checkBytes(scanner: CsvScanner): void {
    const { bytes, start, finish } = scanner
    const record = bytes.subarray(start, finish)
    if (!isUtf8(record)) {
      const bad = firstBadByte(bytes, start, finish)
      this.findings.add('encoding', () => ({
        ...this.placeOf(bad),
        fill: { offset: this.offset + bad - start },
      }))
    } else if (record.indexOf('\ufffd') >= 0)
      this.findings.add('replacement', () => this.placeOf(start + record.indexOf('\ufffd')))
  }

  /** Whether the record stood in the file before, its line end apart. */
  checkRepeat({ bytes, start, finish, prefixEnd, repeated }: CsvScanner): void {
    const { record } = this
    record.bytes = bytes
    record.start = start
    record.split = prefixEnd < 0 ? start : prefixEnd
    record.end = finish
    record.repeated = repeated > 0
    while (record.end > record.split && isLineEnd(bytes[record.end - 1])) record.end--
    this.repeats.add(record, this.row)
  }

  /** The same for a record that goes on a run of repeating ones, by its fingerprint. */
  repeatOf(low: number, high: number, row: number): void {
    this.repeats.goOn(low, high, row)
  }

  /** Records up to the scanner's were read elsewhere. */
  follow(scanner: CsvScanner): void {
    this.row = scanner.row
    this.offset = scanner.offset
    this.length = scanner.length
  }

  /** After the last record. */
  end(): void {
    this.repeats.end()
  }

  checkNul(scanner: CsvScanner): void {
    const at = scanner.bytes.indexOf(0, scanner.start)
    if (at >= 0 && at < scanner.finish) this.findings.add('nul', () => this.placeOf(at))
  }

  private placeOf(at: number): Place {
    for (let column = 0; column < this.columns.none; column++) {
      if ((this.starts[column] ?? 0) <= at && at < (this.ends[column] ?? 0)) return this.place(column)
    }
    return { row: this.row, cell: `row ${this.row}` }
  }

  /**
   * Columns that have no place in a table and hold something, as JSON by header; undefined when none does: those that the
   * template does not name, what was to be kept, and what the caller adds.
   */
  extra(more: readonly number[] = []): string | undefined {
    const { extra, names } = this.columns
    if (extra.length === 0 && more.length === 0 && this.homeless.length === 0) return undefined
    const values: [string, string][] = []
    for (const { column, name } of extra) if (this.filled(column)) values.push([name, this.text(column)])
    for (const column of more.length > 0 ? new Set([...this.homeless, ...more]) : this.homeless)
      if (this.filled(column)) values.push([(names[column] ?? '').trim(), this.text(column)])
    return values.length === 0 ? undefined : JSON.stringify(Object.fromEntries(values))
  }
}

function isLineEnd(byte: number | undefined): boolean {
  return byte === 0x0a || byte === 0x0d
}

function someFilled(starts: Int32Array, ends: Int32Array, to: number, from = 0): boolean {
  for (let column = from; column < to; column++) if ((starts[column] ?? 0) < (ends[column] ?? 0)) return true
  return false
}
