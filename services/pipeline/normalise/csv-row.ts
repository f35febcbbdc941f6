/** A CSV record as a row of trimmed cells, with the checks and findings that the tall and the wide layout share. */

import { isUtf8 } from 'node:buffer'
import type { DataColumns, ItemColumns, RateColumns } from '../layout/csv-column-names.ts'
import type { Row, Rows } from '../load/rows.ts'
import type { Word } from '../load/vocabulary.ts'
import { type RuleName, rules } from '../rules/catalogue.ts'
import { type Field, has } from '../rules/conditions.ts'
import { columnLetters, cutCell, type Findings, type Place } from '../rules/findings.ts'
import { isCount, numberKind, plainNumber, readNumber, zeroNumber } from '../rules/values.ts'
import type { CsvScanner } from '../scan/csv-scanner.ts'
import { cellText, firstBadByte, skipBlanks, skipBlanksBack } from '../scan/encoding.ts'
import { createRepeats } from './repeats.ts'

export class CsvRow implements Row {
  bytes: Buffer = Buffer.alloc(0)
  starts: Int32Array
  ends: Int32Array
  row = 0
  offset = 0
  length = 0
  /** Columns at the start whose cells are those of the row before, 0 when they were not compared. */
  repeated = 0
  private start = 0
  /** Set while cells are read that CMS does not know as payer columns: what CMS asks is not asked of them. */
  outsideTemplate = false
  readonly columns: DataColumns
  private readonly findings: Findings
  private readonly repeats = createRepeats()
  /** Columns of numbers that cannot be read: `extra` keeps their text. */
  private unread: number[] = []

  constructor(columns: DataColumns, findings: Findings) {
    this.columns = columns
    this.findings = findings
    this.starts = new Int32Array(columns.none + 1)
    this.ends = new Int32Array(columns.none + 1)
  }

  /**
   * Takes over the scanner's record. False for a blank one. Beyond the last column nothing is taken: `beyond` says
   * whether values stand there.
   */
  take(scanner: CsvScanner): boolean {
    const { bytes, starts: from, ends: to } = scanner
    const { starts, ends } = this
    const none = this.columns.none
    const given = Math.min(scanner.count, none)
    const repeated = this.takeRepeated(scanner)
    let blank = repeated === 0
    for (let column = repeated; column < given; column++) {
      let start = from[column] ?? 0
      let end = to[column] ?? 0
      while (start < end && (bytes[start] ?? 0) <= 0x20) start++
      while (start < end && (bytes[end - 1] ?? 0) <= 0x20) end--
      // A blank beyond ASCII at either end: few cells begin or end with such a byte.
      if (start < end && ((bytes[start] ?? 0) >= 0xc2 || (bytes[end - 1] ?? 0) >= 0x80)) {
        start = skipBlanks(bytes, start, end)
        end = skipBlanksBack(bytes, start, end)
      }
      if (start < end) blank = false
      starts[column] = start
      ends[column] = end
    }
    for (let column = given; column <= none; column++) {
      starts[column] = 0
      ends[column] = 0
    }
    if (this.unread.length > 0) this.unread = []
    this.bytes = bytes
    this.row = scanner.row
    this.start = scanner.start
    this.repeated = repeated
    this.offset = scanner.offset
    this.length = scanner.length
    return !blank || this.beyond(scanner)
  }

  /** Moves the cells that repeat those of the row before, if that was taken and they hold something. Returns how many. */
  private takeRepeated({ repeated, row, start }: CsvScanner): number {
    if (repeated === 0 || repeated > this.columns.none || row !== this.row + 1) return 0
    const { starts, ends } = this
    const by = start - this.start
    let filled = false
    for (let column = 0; column < repeated; column++) {
      if ((starts[column] ?? 0) < (ends[column] ?? 0)) filled = true
      starts[column] = (starts[column] ?? 0) + by
      ends[column] = (ends[column] ?? 0) + by
    }
    return filled ? repeated : 0
  }

  /** Whether the record holds values beyond the last header. */
  beyond(scanner: CsvScanner): boolean {
    for (let field = this.columns.none; field < scanner.count; field++) {
      for (let at = scanner.starts[field] ?? 0; at < (scanner.ends[field] ?? 0); at++)
        if ((scanner.bytes[at] ?? 0) > 0x20) return true
    }
    return false
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

  find(rule: RuleName, column: number): void {
    if (this.outsideTemplate && rules[rule].layer === 'cms') return
    this.findings.add(rule, () => this.place(column))
  }

  /** Checks a numeric cell. 0 blank, 1 readable, -1 not. */
  number(column: number): 0 | 1 | -1 {
    const start = this.starts[column] ?? 0
    const end = this.ends[column] ?? 0
    if (start >= end) return 0
    const kind = numberKind(this.bytes, start, end)
    if (kind === plainNumber) return 1
    this.find('number', column)
    if (kind === zeroNumber) return 1
    const read = readNumber(this.text(column))
    if (read === undefined) {
      this.unread.push(column)
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
  checkRepeat({ bytes, start, starts, ends, count }: CsvScanner): void {
    const last = Math.max(0, count - 1)
    const earlier = this.repeats.find(
      bytes,
      start,
      Math.max(starts[last] ?? start, ends[last] ?? start),
      this.row,
    )
    if (earlier !== 0)
      this.findings.add('exactDuplicate', () => ({
        row: this.row,
        cell: `row ${this.row}`,
        fill: { row: earlier },
      }))
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
   * template does not name, numbers that cannot be read, and what the caller adds.
   */
  extra(more: readonly number[] = []): string | undefined {
    const { extra, names } = this.columns
    const values: [string, string][] = []
    for (const { column, name } of extra) if (this.filled(column)) values.push([name, this.text(column)])
    for (const column of more.length > 0 ? new Set([...this.unread, ...more]) : this.unread)
      if (this.filled(column)) values.push([(names[column] ?? '').trim(), this.text(column)])
    return values.length === 0 ? undefined : JSON.stringify(Object.fromEntries(values))
  }
}

/** What a payer's columns have, as flags; checks each value. `-1` in `unreadable` counts dollars and percentages lost. */
export function rateFlags(
  row: CsvRow,
  rate: RateColumns,
  methodology: Word,
): { flags: number; unreadable: number } {
  let flags = 0
  let unreadable = 0
  const dollar = row.number(rate.dollar)
  const percentage = row.number(rate.percentage)
  if (dollar !== 0) flags |= has.dollar
  if (percentage !== 0) flags |= has.percentage
  if (dollar < 0) unreadable |= has.dollar
  if (percentage < 0) unreadable |= has.percentage
  if (percentage > 0 && row.wholeDigits(rate.percentage) > 3) row.find('percentageRange', rate.percentage)
  if (row.filled(rate.algorithm)) flags |= has.algorithm
  if (row.number(rate.estimated) !== 0) flags |= has.estimated
  if (row.number(rate.median) !== 0) flags |= has.median
  if (row.number(rate.percentile10) !== 0) flags |= has.percentile10
  if (row.number(rate.percentile90) !== 0) flags |= has.percentile90
  if (row.filled(rate.notes)) flags |= has.notes
  if (row.filled(rate.count)) flags |= has.count | countFlag(row, rate.count)
  if (methodology.index !== 0) {
    flags |= has.methodology
    if (methodology.text === 'other') flags |= has.methodologyOther
    if (!methodology.known) row.find('methodology', rate.methodology)
  }
  return { flags, unreadable }
}

function countFlag(row: CsvRow, column: number): number {
  const start = row.starts[column] ?? 0
  if ((row.ends[column] ?? 0) - start === 1 && row.bytes[start] === 0x30) return has.countZero
  if (!isCount(row.text(column))) row.find('count', column)
  return 0
}

/** What the item and its charge have, as flags; checks each value. */
export function itemFlags(
  row: CsvRow,
  columns: ItemColumns,
  words: { setting: Word; drugType: Word },
): number {
  let flags = 0
  if (row.filled(columns.description)) flags |= has.description
  if (words.setting.index !== 0) flags |= has.setting
  if (row.number(columns.gross) !== 0) flags |= has.gross
  if (row.number(columns.cash) !== 0) flags |= has.cash
  if (row.number(columns.minimum) !== 0) flags |= has.minimum
  if (row.number(columns.maximum) !== 0) flags |= has.maximum
  if (row.number(columns.drugUnit) !== 0) flags |= has.drugUnit
  if (words.drugType.index !== 0) {
    flags |= has.drugType
    if (!words.drugType.known) row.find('drugType', columns.drugType)
  }
  if (row.filled(columns.modifiers)) flags |= has.modifiers
  return flags
}

/** The setting of an item is an enumeration; of a modifier's row CMS asks nothing. */
export function checkSetting(row: CsvRow, columns: ItemColumns, setting: Word, adjustment: boolean): void {
  if (setting.index !== 0 && !setting.known)
    row.find(adjustment ? 'modifierRowSetting' : 'setting', columns.setting)
}

/** Codes and their types: flags, and findings for halves of a pair and unknown types. */
export function codeFlags(row: CsvRow, columns: DataColumns, rows: Rows): number {
  let flags = 0
  for (const { code, type } of columns.codes) {
    const hasCode = row.filled(code)
    const hasType = row.filled(type)
    if (hasCode || hasType) flags |= has.code
    if (hasCode && !hasType) row.find('codeWithoutType', type)
    if (hasType && !hasCode) row.find('typeWithoutCode', code)
    if (!hasType) continue
    const word = rows.words.codeTypes.find(row, type)
    if (word.text === 'NDC') flags |= has.ndc
    if (hasCode && !word.known) row.find('codeType', type)
    else if (hasCode && (word.text === 'CMG' || word.text === 'MS-LTC-DRG')) row.find('codeTypeTooNew', type)
  }
  return flags
}

/** The column a broken condition is shown at. */
export function fieldColumn(field: Field, columns: DataColumns, rate: RateColumns | undefined): number {
  switch (field) {
    case 'row':
      return columns.none
    case 'payer':
      return columns.layout === 'tall' ? columns.payer : columns.none
    case 'plan':
      return columns.layout === 'tall' ? columns.plan : columns.none
    case 'notes':
      return rate && rate.notes !== columns.none ? rate.notes : columns.notes
    case 'methodology':
    case 'estimated':
    case 'count':
    case 'median':
    case 'percentile10':
    case 'percentile90':
      return rate ? rate[field] : columns.none
    default:
      return columns[field]
  }
}

/** Compares minimum and maximum where a new charge is made. */
export function checkBounds(row: CsvRow, columns: ItemColumns): void {
  if (!row.filled(columns.minimum) || !row.filled(columns.maximum)) return
  if (Number(row.text(columns.minimum)) > Number(row.text(columns.maximum)))
    row.find('minAboveMax', columns.minimum)
}

/** Writes the codes of a new item. */
export function writeCodes(row: CsvRow, columns: DataColumns, rows: Rows, itemId: number): void {
  columns.codes.forEach(({ code, type }, index) => {
    if (row.filled(code)) rows.code(row, itemId, index + 1, code, rows.words.codeTypes.find(row, type))
  })
}
