/**
 * The wide layout: one row an item and its charge, a group of columns per payer and plan. Unpivoted while scanning: a rate
 * exists where a group has a dollar amount, a percentage or an algorithm; an item without any keeps its charge.
 */
import type { Kernel } from '../kernel/kernel.ts'
import type { DataColumns, PayerColumns } from '../layout/csv-column-names.ts'
import type { RateWords } from '../load/rate-block.ts'
import type { Rows } from '../load/rows.ts'
import type { TemplateVersion } from '../rules/catalogue.ts'
import { createConditions, has } from '../rules/conditions.ts'
import type { Findings } from '../rules/findings.ts'
import type { CsvScanner } from '../scan/csv-scanner.ts'
import {
  checkBounds,
  checkSetting,
  codeFlags,
  fieldColumn,
  itemFlags,
  lostOf,
  presentOf,
  rateFlags,
  writeCodes,
} from './csv-checks.ts'
import { CsvRow } from './csv-row.ts'
import {
  beyondDollar,
  chargeAmounts,
  countNineNines,
  findInBlank,
  type Normaliser,
  type RowCounts,
  saysMore,
  standing,
} from './normaliser.ts'

type WideColumns = DataColumns & { layout: 'wide' }
const charge = has.dollar | has.percentage | has.algorithm
const named = has.payer | has.plan
const none: readonly number[] = []

type Group = RateWords & {
  columns: PayerColumns
  used: Int32Array
  /** Whether these stand side by side in the file. */
  together: boolean
  flags: number
  /** `has.dollar` and `has.percentage`, where they cannot be read. */
  lost: number
}

export function createWide(
  columns: WideColumns,
  version: TemplateVersion,
  rows: Rows,
  findings: Findings,
  kernel: Kernel | undefined,
): Normaliser {
  const row = new CsvRow(columns, findings, kernel)
  const counts: RowCounts = { seen: 0, loaded: 0, rejected: 0, blank: 0 }
  const rowConditions = createConditions({ version, scopes: ['row'] })
  const rateConditions = createConditions({ version, scopes: ['rate'], without: ['chargeForPayer'] })
  const withModifiers = version !== '1.1' && version !== '2.1'
  const { methodologies, counts: countWords } = rows.words
  const blank = methodologies.named('')
  const groups: Group[] = columns.payers.map(payer => ({
    columns: payer,
    ...placesOf(payer, columns.none),
    pair: rows.payers.named(payer.payer, payer.plan),
    flags: 0,
    lost: 0,
    methodology: blank,
    count: blank,
    plain: false,
    algorithmId: 0,
    notesId: 0,
  }))

  /** Those that hold something in this row. */
  const filled: Group[] = []

  const withoutItem = [columns.drugUnit, columns.drugType, columns.billingClass]

  /**
   * Reads every payer's cells; returns what any of them has, what those have that CMS knows as payer columns, and whether one
   * has something and no rate.
   */
  function readGroups(): { any: number; official: number; unreadable: boolean; bare: boolean } {
    let any = 0
    let official = 0
    let unreadable = false
    let bare = false
    filled.length = 0
    for (const group of groups) {
      if (!filledSome(row, group)) continue
      filled.push(group)
      row.outsideTemplate = !group.columns.official
      group.methodology = methodologies.find(row, group.columns.methodology)
      group.count = countWords.find(row, group.columns.count)
      const found = rateFlags(row, group.columns, group)
      group.flags = presentOf(found)
      group.plain = (group.flags & beyondDollar) === 0
      group.lost = lostOf(found)
      if (group.lost !== 0) unreadable = true
      any |= group.flags & ~group.lost
      if ((group.flags & charge & ~group.lost) === 0) bare = true
      if (!row.outsideTemplate) official |= group.flags
    }
    row.outsideTemplate = false
    return { any, official, unreadable, bare }
  }

  function checkGroups(adjustment: number): void {
    for (const { flags, columns: payer } of filled) {
      row.outsideTemplate = !payer.official
      for (const { rule, field } of rateConditions(flags | named | adjustment))
        row.find(rule, fieldColumn(field, columns, payer))
      if ((flags & charge) === 0 && adjustment === 0)
        row.find('notesWithoutRate', firstFilled(row, payer, columns.none))
      countNineNines(row, payer, flags)
    }
    row.outsideTemplate = false
  }

  const withoutRate = ({ flags, lost }: Group) => (flags & charge & ~lost) === 0

  /** All that some payers hold, unless it is a word of the methodologies alone, as in every row of some files. */
  function columnsOf(some: (group: Group) => boolean): number[] {
    const kept: number[] = []
    for (const group of filled) {
      if (!some(group)) continue
      const alone = (group.flags & ~(has.methodology | has.methodologyOther)) === 0
      if (!alone || !group.methodology.known) kept.push(...group.used)
    }
    return kept
  }

  function loadItem(bare: boolean): void {
    const itemId = rows.startItem(row, columns, row.extra(bare ? columnsOf(withoutRate) : none))
    writeCodes(row, columns, rows, itemId)
    checkBounds(row, columns)
    const words = {
      setting: rows.words.settings.find(row, columns.setting),
      billingClass: rows.words.billingClasses.find(row, columns.billingClass),
      modifiers: rows.words.modifiers.find(row, columns.modifiers),
    }
    const chargeId = rows.charge(row, itemId, columns, words, columns.notes, undefined)
    for (const group of filled) {
      if ((group.flags & charge & ~group.lost) === 0) continue
      rows.tellTexts(row, group.columns, group)
      rows.rate(row, chargeId, group.columns, group, undefined)
    }
    rows.endItem(row.offset + row.length)
  }

  function loadModifier(): void {
    const isMine = (group: Group) => (group.flags & (charge | has.notes)) !== 0
    const mine = filled.filter(isMine)
    // Notes of a payer take the place of those of the row.
    const notes = mine.some(group => (group.flags & has.notes) !== 0) ? [columns.notes] : none
    const amounts = groups.flatMap(({ columns: payer }) => amountsOf(payer))
    const extra = row.extra([...withoutItem, ...amounts, ...notes, ...columnsOf(group => !isMine(group))])
    for (const group of mine) rows.modifier(row, columns, group.columns, group.pair, extra)
    if (mine.length === 0) rows.modifier(row, columns, undefined, undefined, extra)
  }

  return {
    counts,
    repeating: 0,
    take(scanner: CsvScanner) {
      if (!row.take(scanner)) {
        counts.blank++
        findInBlank(scanner, row, findings)
        return
      }
      counts.seen++
      const stands = standing(scanner, row, findings)
      if (stands !== 'sound') counts.rejected++
      if (stands === 'unclosed') return
      const setting = rows.words.settings.find(row, columns.setting)
      let flags =
        itemFlags(row, columns, { setting, drugType: rows.words.drugTypes.find(row, columns.drugType) }) |
        codeFlags(row, columns, rows)
      if (row.filled(columns.notes)) flags |= has.notes
      const adjustment =
        withModifiers && (flags & (has.code | has.modifiers)) === has.modifiers ? has.modifierRow : 0
      checkSetting(row, columns, setting, adjustment !== 0)
      const { any, official, unreadable, bare } = readGroups()
      for (const { rule, field } of rowConditions(flags | adjustment | (official & (charge | has.notes))))
        row.find(rule, fieldColumn(field, columns, undefined))
      checkGroups(adjustment)
      if (stands !== 'sound') return
      if (unreadable && !saysMore(flags | any | adjustment)) {
        findings.reject('noPrice', row)
        counts.rejected++
        return
      }
      if (adjustment === 0 || (flags & chargeAmounts) !== 0) loadItem(bare)
      else loadModifier()
      counts.loaded++
    },
    end: () => row.end(),
  }
}

function usedColumns(payer: PayerColumns, none: number): number[] {
  const {
    dollar,
    percentage,
    algorithm,
    estimated,
    median,
    percentile10,
    percentile90,
    count,
    methodology,
    notes,
  } = payer
  return [
    dollar,
    percentage,
    algorithm,
    methodology,
    notes,
    estimated,
    median,
    percentile10,
    percentile90,
    count,
  ].filter(column => column !== none)
}

function placesOf(payer: PayerColumns, none: number): Pick<Group, 'used' | 'together'> {
  const used = Int32Array.from(usedColumns(payer, none)).sort()
  return { used, together: used.every((column, index) => column === (used[0] ?? 0) + index) }
}

function filledSome({ starts, ends }: CsvRow, { used, together }: Group): boolean {
  const last = used.length - 1
  // Nothing but their commas stands between the start of the first and the end of the last: most payers of most rows.
  if (together && (ends[used[last] ?? 0] ?? 0) - (starts[used[0] ?? 0] ?? 0) === last) return false
  for (let index = 0; index <= last; index++) {
    const column = used[index] ?? 0
    if ((starts[column] ?? 0) < (ends[column] ?? 0)) return true
  }
  return false
}

function amountsOf({ estimated, median, percentile10, percentile90, count }: PayerColumns): number[] {
  return [estimated, median, percentile10, percentile90, count]
}

function firstFilled(row: CsvRow, payer: PayerColumns, none: number): number {
  return usedColumns(payer, none).find(column => row.filled(column)) ?? none
}
