/**
 * The tall layout: one row a rate. Consecutive rows of one item (same description, codes and drug) become one item; its
 * rows of one setting, modifier, billing class and one set of gross, cash, minimum and maximum share a charge. A row without
 * a payer's price is a charge of its own, so every row is one rate, one charge without rates, or one modifier.
 */

import type { Kernel } from '../kernel/kernel.ts'
import type { DataColumns } from '../layout/csv-column-names.ts'
import { noPair } from '../load/payers.ts'
import type { Rows } from '../load/rows.ts'
import type { TemplateVersion } from '../rules/catalogue.ts'
import { type Broken, createConditions, has } from '../rules/conditions.ts'
import type { Findings } from '../rules/findings.ts'
import type { CsvScanner } from '../scan/csv-scanner.ts'
import {
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
import { createItemCharges } from './item-charges.ts'
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
import { SameCells } from './same-cells.ts'
import { createSimpleRows } from './simple-rows.ts'

type TallColumns = DataColumns & { layout: 'tall' }
const charge = has.dollar | has.percentage | has.algorithm

export function createTall(
  columns: TallColumns,
  version: TemplateVersion,
  rows: Rows,
  findings: Findings,
  kernel: Kernel | undefined,
): Normaliser {
  const row = new CsvRow(columns, findings, kernel)
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
  const charges = createItemCharges(columns, row, rows)
  /** How many of its cells are known to repeat where the columns before payer and plan do; one that the file lacks always does. */
  const chargeLeads = charges.columns.findIndex(column => column >= leading && column !== columns.none)
  const simpleRows =
    kernel &&
    createSimpleRows({
      kernel,
      columns,
      rate,
      leading,
      shared: [...itemColumns, ...charges.columns].filter(
        column => column >= leading && column !== columns.none,
      ),
      row,
      rows,
    })
  const withModifiers = version !== '1.1' && version !== '2.1'
  let item: { id: number; end: number } | undefined
  // What the kept item and charge cells mean. While they repeat, and broke no rule, they are not read again.
  let spoken = words()
  const blank = rows.words.methodologies.named('')
  /** Of the row's rate. */
  const told = { pair: noPair, methodology: blank, count: blank, plain: false, algorithmId: 0, notesId: 0 }
  let sharedFlags = 0
  let clean = false
  /** The row that `readShared` saw last. */
  let sharedRow = 0
  function endItem(): void {
    if (!item) return
    rows.endItem(item.end)
    item = undefined
    charges.forget()
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

  /** Item and charge cells: the same as in the row before, or read anew. Returns whether the item is the same. */
  function readShared(): boolean {
    // Whether the leading cells are those of the row before, whose cells are kept.
    const repeats = row.repeated === leading && row.row === sharedRow + 1
    const sameItem = item !== undefined && !charges.full && ((itemLeads && repeats) || itemCells.same(row))
    sharedRow = row.row
    const same = sameItem && charges.same(repeats && chargeLeads > 0 ? chargeLeads : 0)
    if (same && clean) return true
    if (!sameItem) itemCells.keep(row)
    if (!same) charges.change(sameItem)
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

  /** Returns whether the rows after this one may be simple ones. */
  function load(flags: number, sameItem: boolean): boolean {
    const adjustment = (flags & has.modifierRow) !== 0 && (flags & chargeAmounts) === 0
    const extra = extraOf(flags, adjustment)
    if (adjustment) {
      endItem()
      const pair = (flags & (has.payer | has.plan)) === 0 ? undefined : payer()
      rows.modifier(row, columns, rate, pair, extra)
      return false
    }
    const current = sameItem && item ? item.id : startItem()
    if ((flags & charge) === 0) rows.charge(row, current, columns, spoken, columns.notes, extra)
    else {
      const chargeId = charges.of(current, spoken)
      told.pair = payer()
      rows.tellTexts(row, rate, told)
      rows.rate(row, chargeId, rate, told, extra)
    }
    if (item) item.end = row.offset + row.length
    return (flags & charge) !== 0 && (flags & has.modifierRow) === 0 && extra === undefined
  }

  /** The rows after this one, as far as they say nothing new. */
  function goOn(scanner: CsvScanner): void {
    if (!simpleRows || !item || charges.current === 0 || charges.full || !clean || scanner.prefixEnd < 0)
      return
    const taken = simpleRows.take(scanner, charges.current, sharedFlags)
    if (taken === 0) return
    counts.seen += taken
    counts.loaded += taken
    sharedRow = row.row
    item.end = row.offset + row.length
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
        findInBlank(scanner, row, findings)
        return
      }
      counts.seen++
      const before = findings.total
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
      const readable = flags & ~lost
      if (lost !== 0 && !saysMore(readable)) {
        endItem()
        findings.reject('noPrice', row, {
          value: row.text((lost & has.dollar) !== 0 ? rate.dollar : rate.percentage),
        })
        counts.rejected++
        return
      }
      if ((flags & has.payer) !== 0 && (readable & (charge | has.modifierRow)) === 0)
        row.find('payerWithoutRate', columns.payer)
      const simple = load(readable, sameItem)
      counts.loaded++
      if (!simple) return
      if (findings.total === before) simpleRows?.learn({ ...told, has: flags })
      goOn(scanner)
    },
    end() {
      endItem()
      row.end()
    },
  }
}
