/**
 * The tall layout: one row a rate. Consecutive rows of one item (same description, codes and drug) become one item; its
 * rows of one setting, modifier, billing class and one set of gross, cash, minimum and maximum share a charge. A row without
 * a payer's price is a charge of its own, so every row is one rate, one charge without rates, or one modifier.
 */
import type { DataColumns } from '../layout/csv-column-names.ts'
import { noPair } from '../load/payers.ts'
import type { Rows } from '../load/rows.ts'
import type { TemplateVersion } from '../rules/catalogue.ts'
import { type Broken, createConditions, has } from '../rules/conditions.ts'
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
  type Normaliser,
  type RowCounts,
  standing,
} from './normaliser.ts'
import { SameCells } from './same-cells.ts'

type TallColumns = DataColumns & { layout: 'tall' }
const charge = has.dollar | has.percentage | has.algorithm

/** An item with more charges than this goes on as a new item of the same fields: what is remembered stays small. */
const chargesRemembered = 1000

export function createTall(
  columns: TallColumns,
  version: TemplateVersion,
  rows: Rows,
  findings: Findings,
): Normaliser {
  const row = new CsvRow(columns, findings)
  const counts: RowCounts = { seen: 0, loaded: 0, rejected: 0, blank: 0 }
  const conditions = createConditions({ version, scopes: ['row', 'rate'] })
  // In the tall layout the row's notes serve the charge and the rate alike.
  const rate = { ...columns.rate, notes: columns.notes }
  const itemColumns = [
    columns.description,
    ...columns.codes.flatMap(pair => [pair.code, pair.type]),
    columns.drugUnit,
    columns.drugType,
  ].filter(column => column !== columns.none)
  const itemCells = new SameCells(itemColumns)
  /** The columns before payer and plan, which change with every row. */
  const leading = Math.min(columns.payer, columns.plan)
  const itemLeads = itemColumns.every(column => column < leading)
  const chargeColumns = [
    columns.setting,
    columns.billingClass,
    columns.modifiers,
    columns.gross,
    columns.cash,
    columns.minimum,
    columns.maximum,
  ]
  const chargeCells = new SameCells(chargeColumns)
  /** How many of them are known to repeat where the columns before payer and plan do; one that the file lacks always does. */
  const chargeLeads = chargeColumns.findIndex(column => column >= leading && column !== columns.none)
  const amountColumns = [columns.gross, columns.cash, columns.minimum, columns.maximum]
  /** Where they begin among the cells of the charge. */
  const firstAmount = 3
  const withModifiers = version !== '1.1' && version !== '2.1'
  let item: { id: number; end: number } | undefined
  /** Of the rates whose charge cells are those kept; 0 when none is known yet. */
  let chargeId = 0
  // What the kept item and charge cells mean. While they repeat, and broke no rule, they are not read again.
  let spoken = words()
  const blank = rows.words.methodologies.named('')
  /** Of the row's rate. */
  const told = { pair: noPair, methodology: blank, count: blank, plain: false }
  let sharedFlags = 0
  let clean = false
  /** The row that `readShared` saw last. */
  let sharedRow = 0
  /** The item's only charge so far, whose cells are those kept. Most items have no second one to tell it from. */
  let onlyCharge = 0
  let knownCharges = new Map<string, number>()
  let amounts = new Map<string, string>()

  function endItem(): void {
    if (!item) return
    rows.endItem(item.end)
    item = undefined
    chargeId = 0
    onlyCharge = 0
    if (knownCharges.size > 0) knownCharges = new Map()
    if (amounts.size > 0) amounts = new Map()
  }

  function startItem(): number {
    endItem()
    const id = rows.startItem(row, columns, undefined)
    writeCodes(row, columns, rows, id)
    item = { id, end: 0 }
    return id
  }

  function words() {
    return {
      setting: rows.words.settings.find(row, columns.setting),
      billingClass: rows.words.billingClasses.find(row, columns.billingClass),
      modifiers: rows.words.modifiers.find(row, columns.modifiers),
      drugType: rows.words.drugTypes.find(row, columns.drugType),
    }
  }

  function report(broken: readonly Broken[]): void {
    for (const { rule, field } of broken) row.find(rule, fieldColumn(field, columns, rate))
  }

  /** The charge of a rate: that of the row before, one met earlier in the item, or a new one. */
  function chargeOfRate(itemId: number): number {
    if (chargeId !== 0) return chargeId
    if (knownCharges.size === 0) {
      checkBounds(row, columns)
      onlyCharge = rows.charge(row, itemId, columns, spoken, columns.none, undefined)
      return onlyCharge
    }
    const known = knownCharges.get(chargeCells.key())
    if (known !== undefined) return known
    const before = amounts.get(contextOf())
    const differs = before === undefined ? undefined : amountColumns[disagreement(before, keptAmounts())]
    if (differs !== undefined) row.find('chargeDiffers', differs)
    checkBounds(row, columns)
    const id = rows.charge(row, itemId, columns, spoken, columns.none, undefined)
    remember(id)
    return id
  }

  /** What the kept cells say of a charge, so that it is known when it comes again. */
  function remember(id: number): void {
    knownCharges.set(chargeCells.key(), id)
    const context = contextOf()
    if (!amounts.has(context)) amounts.set(context, keptAmounts())
  }

  function contextOf(): string {
    return `${spoken.setting.index} ${spoken.billingClass.index} ${spoken.modifiers.index}`
  }

  function keptAmounts(): string {
    return amountColumns.map((_, index) => chargeCells.text(firstAmount + index)).join('|')
  }

  /** Item and charge cells: the same as in the row before, or read anew. Returns whether the item is the same. */
  function readShared(): boolean {
    // Whether the leading cells are those of the row before, whose cells are kept.
    const repeats = row.repeated === leading && row.row === sharedRow + 1
    const sameItem =
      item !== undefined &&
      knownCharges.size < chargesRemembered &&
      ((itemLeads && repeats) || itemCells.same(row))
    sharedRow = row.row
    const same = sameItem && chargeCells.same(row, repeats && chargeLeads > 0 ? chargeLeads : 0)
    if (same && clean) return true
    if (!sameItem) itemCells.keep(row)
    if (!same) {
      if (sameItem && onlyCharge !== 0) {
        remember(onlyCharge)
        onlyCharge = 0
      }
      chargeCells.keep(row)
      chargeId = 0
    }
    const before = findings.total
    spoken = words()
    sharedFlags = itemFlags(row, columns, spoken) | codeFlags(row, columns, rows)
    if (withModifiers && (sharedFlags & (has.code | has.modifiers)) === has.modifiers)
      sharedFlags |= has.modifierRow
    checkSetting(row, columns, spoken.setting, (sharedFlags & has.modifierRow) !== 0)
    clean = findings.total === before
    return sameItem
  }

  /** What a row says beyond its charge that has a column only where there is a rate, or no modifier. */
  const { methodology, median, percentile10, percentile90, count, estimated } = columns.rate
  const amountsOfRate = [median, percentile10, percentile90, count, estimated]
  const withoutRate = [columns.payer, columns.plan, methodology, ...amountsOfRate]
  const withoutItem = [...amountsOfRate, columns.drugUnit, columns.drugType, columns.billingClass]

  function extraOf(flags: number, adjustment: boolean): string | undefined {
    if (adjustment) return row.extra(withoutItem)
    return (flags & charge) === 0 ? row.extra(withoutRate) : row.extra()
  }

  function load(flags: number, sameItem: boolean): void {
    const adjustment = (flags & has.modifierRow) !== 0 && (flags & chargeAmounts) === 0
    const extra = extraOf(flags, adjustment)
    if (adjustment) {
      endItem()
      const pair = (flags & (has.payer | has.plan)) === 0 ? undefined : payer()
      rows.modifier(row, columns, rate, pair, extra)
      return
    }
    const current = sameItem && item ? item.id : startItem()
    if ((flags & charge) === 0) rows.charge(row, current, columns, spoken, columns.notes, extra)
    else {
      chargeId = chargeOfRate(current)
      told.pair = payer()
      rows.rate(row, chargeId, rate, told, extra)
    }
    if (item) item.end = row.offset + row.length
  }

  function payer() {
    const { starts, ends, bytes } = row
    return rows.payers.find(
      bytes,
      starts[columns.payer] ?? 0,
      ends[columns.payer] ?? 0,
      starts[columns.plan] ?? 0,
      ends[columns.plan] ?? 0,
    )
  }

  return {
    counts,
    repeating: leading,
    take(scanner: CsvScanner) {
      if (!row.take(scanner)) {
        counts.blank++
        return
      }
      counts.seen++
      const stands = standing(scanner, row, findings)
      if (stands !== 'sound') {
        endItem()
        counts.rejected++
        if (stands === 'unclosed') return
      }
      const sameItem = readShared()
      let flags = sharedFlags
      if (row.filled(columns.payer)) flags |= has.payer
      if (row.filled(columns.plan)) flags |= has.plan
      told.methodology = rows.words.methodologies.find(row, rate.methodology)
      told.count = rows.words.counts.find(row, rate.count)
      const found = rateFlags(row, rate, told)
      const lost = lostOf(found)
      const present = presentOf(found)
      told.plain = (present & beyondDollar) === 0
      flags |= present
      report(conditions(flags))
      countNineNines(row, rate, flags)
      if (stands !== 'sound') return
      if ((flags & charge & ~lost) === 0 && lost !== 0) {
        endItem()
        findings.reject('noPrice', row, {
          value: row.text((lost & has.dollar) !== 0 ? rate.dollar : rate.percentage),
        })
        counts.rejected++
        return
      }
      if ((flags & has.payer) !== 0 && (flags & (charge | has.modifierRow)) === 0)
        row.find('payerWithoutRate', columns.payer)
      load(flags & ~lost, sameItem)
      counts.loaded++
    },
    end() {
      endItem()
      row.end()
    },
  }
}

/** The first amount that differs, -1 for none. Blank against filled is no disagreement. */
function disagreement(before: string, now: string): number {
  const values = now.split('|')
  return before
    .split('|')
    .findIndex((value, index) => value !== '' && values[index] !== '' && value !== values[index])
}
