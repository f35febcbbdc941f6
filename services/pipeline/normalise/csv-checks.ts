/** What the cells of a CSV record have, as the flags that the conditions of the dictionary ask about; each is checked. */
import type { DataColumns, ItemColumns, RateColumns } from '../layout/csv-column-names.ts'
import type { RateWords } from '../load/rate-block.ts'
import type { Rows } from '../load/rows.ts'
import type { Word } from '../load/vocabulary.ts'
import { type Field, has } from '../rules/conditions.ts'
import { from30, only22 } from '../rules/rule.ts'
import type { CsvRow } from './csv-row.ts'

/** What a payer's columns have, as flags; checks each value. `lostOf` of it says which charges cannot be read. */
export function rateFlags(
  row: CsvRow,
  rate: RateColumns,
  { methodology, count }: Pick<RateWords, 'methodology' | 'count'>,
): number {
  let flags = 0
  const dollar = row.number(rate.dollar)
  const percentage = row.number(rate.percentage)
  if (dollar !== 0) flags |= dollar < 0 ? has.dollar | (has.dollar << lost) : has.dollar
  if (percentage !== 0) flags |= percentage < 0 ? has.percentage | (has.percentage << lost) : has.percentage
  if (percentage > 0 && row.wholeDigits(rate.percentage) > 3) row.find('percentageRange', rate.percentage)
  if (row.filled(rate.algorithm)) flags |= has.algorithm
  if (row.number(rate.estimated, only22) !== 0) flags |= has.estimated
  if (row.number(rate.median, from30) !== 0) flags |= has.median
  if (row.number(rate.percentile10, from30) !== 0) flags |= has.percentile10
  if (row.number(rate.percentile90, from30) !== 0) flags |= has.percentile90
  if (row.filled(rate.notes)) flags |= has.notes
  if (count.index !== 0) {
    flags |= has.count
    if (count.text === '0') flags |= has.countZero
    if (!count.known) row.find('count', rate.count)
  }
  if (methodology.index !== 0) {
    flags |= has.methodology
    if (methodology.text === 'other') flags |= has.methodologyOther
    if (!methodology.known) row.find('methodology', rate.methodology)
  }
  return flags
}

/** Dollar and percentage are the two lowest flags; that one cannot be read stands above all others. */
const lost = 28
const flagsOnly = (1 << lost) - 1

/** Of what `rateFlags` gives: what is there. */
export const presentOf = (flags: number) => flags & flagsOnly
/** Of what `rateFlags` gives: `has.dollar` and `has.percentage`, where they cannot be read as numbers. */
export const lostOf = (flags: number) => flags >>> lost

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
    if (hasType && !hasCode) {
      row.find('typeWithoutCode', code)
      row.keep(type)
    }
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
