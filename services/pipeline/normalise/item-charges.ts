/** The charges of a tall file's open item, told by their cells: a rate joins the one that its row repeats. */
import type { DataColumns } from '../layout/csv-column-names.ts'
import type { ChargeWords, Rows } from '../load/rows.ts'
import { checkBounds } from './csv-checks.ts'
import type { CsvRow } from './csv-row.ts'
import { SameCells } from './same-cells.ts'

/** An item with more charges than this goes on as a new item of the same fields: what is remembered stays small. */
const chargesRemembered = 1000

export function createItemCharges(columns: DataColumns, row: CsvRow, rows: Rows) {
  const { setting, billingClass, modifiers, gross, cash, minimum, maximum } = columns
  const cellColumns = [setting, billingClass, modifiers, gross, cash, minimum, maximum]
  const cells = new SameCells(cellColumns)
  const amountColumns = [gross, cash, minimum, maximum]
  /** Where they begin among the cells. */
  const firstAmount = 3
  /** Of the rates whose cells are those kept; 0 when none is known yet. */
  let current = 0
  /** The item's only charge so far, whose cells are those kept. Most items have no second one to tell it from. */
  let only = 0
  let said: ChargeWords | undefined
  let known = new Map<string, number>()
  let amounts = new Map<string, string>()

  function keptAmounts(): string {
    return amountColumns.map((_, index) => cells.text(firstAmount + index)).join('|')
  }

  function context(): string {
    return said ? `${said.setting.index} ${said.billingClass.index} ${said.modifiers.index}` : ''
  }

  /** What the kept cells say of a charge, so that it is known when it comes again. */
  function remember(id: number): void {
    known.set(cells.key(), id)
    const words = context()
    if (!amounts.has(words)) amounts.set(words, keptAmounts())
  }

  function find(itemId: number, words: ChargeWords): number {
    said = words
    if (known.size === 0) {
      checkBounds(row, columns)
      only = rows.charge(row, itemId, columns, words, columns.none, undefined)
      return only
    }
    const again = known.get(cells.key())
    if (again !== undefined) return again
    const before = amounts.get(context())
    const differs = before === undefined ? undefined : amountColumns[disagreement(before, keptAmounts())]
    if (differs !== undefined) row.find('chargeDiffers', differs)
    checkBounds(row, columns)
    const id = rows.charge(row, itemId, columns, words, columns.none, undefined)
    remember(id)
    return id
  }

  return {
    columns: cellColumns,
    get full(): boolean {
      return known.size >= chargesRemembered
    },
    /** The charge whose cells are kept, 0 where no rate of it was met yet. */
    get current(): number {
      return current
    },
    /** Whether the row repeats the cells that are kept; the first `from` of them are known to. */
    same: (from: number) => cells.same(row, from),
    /** Keeps the row's cells instead, of the same item or of another. */
    change(sameItem: boolean): void {
      if (sameItem && only !== 0) {
        remember(only)
        only = 0
      }
      cells.keep(row)
      current = 0
    },
    /** The charge of the row's rate: that of the row before, one met earlier in the item, or a new one. */
    of(itemId: number, words: ChargeWords): number {
      if (current === 0) current = find(itemId, words)
      return current
    },
    /** Another item begins. */
    forget(): void {
      current = 0
      only = 0
      if (known.size > 0) known = new Map()
      if (amounts.size > 0) amounts = new Map()
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
