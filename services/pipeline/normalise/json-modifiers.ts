/** One element of modifier_information: what a modifier does to a price, per payer. */
import type { Rows } from '../load/rows.ts'
import { kind } from '../scan/json-tape.ts'
import type { JsonRow } from './json-row.ts'
import {
  column,
  itemColumns,
  modifierKey,
  modifierKeys,
  modifierPayerKey,
  modifierPayerKeys,
  rateColumns,
} from './json-shape.ts'

export function createJsonModifiers(row: JsonRow, rows: Rows): () => void {
  const { tape } = row
  const modifier = new Int32Array(modifierKeys.size)
  const payer = new Int32Array(modifierPayerKeys.size)

  function loadPayer(token: number, pointer: string): void {
    row.clear(column.dollar, column.code)
    row.members(token, modifierPayerKeys, payer, pointer, () => {})
    const required = [
      [column.payer, modifierPayerKey.payer, 'payer_name'],
      [column.plan, modifierPayerKey.plan, 'plan_name'],
      [column.payerNotes, modifierPayerKey.description, 'description'],
    ] as const
    for (const [at, key, name] of required) {
      if (!row.string(at, payer[key] ?? 0, `${pointer}/${name}`))
        row.find('keyMissing', `${pointer}/${name}`, -1, { name })
    }
    const { starts, ends } = row
    const pair = rows.payers.find(
      row.bytes,
      starts[column.payer] ?? 0,
      ends[column.payer] ?? 0,
      starts[column.plan] ?? 0,
      ends[column.plan] ?? 0,
    )
    rows.modifier(row, itemColumns, rateColumns, pair, undefined)
  }

  return () => {
    const extras: string[] = []
    row.clear(0, column.none + 1)
    row.members(0, modifierKeys, modifier, '', key =>
      extras.push(`${JSON.stringify(tape.text(key))}:${tape.json(key + 1)}`),
    )
    if (!row.string(column.modifiers, modifier[modifierKey.code] ?? 0, '/code'))
      row.find('keyMissing', '/code', -1, { name: 'code' })
    if (!row.string(column.description, modifier[modifierKey.description] ?? 0, '/description'))
      row.find('descriptionMissing', '/description')
    row.string(column.setting, modifier[modifierKey.setting] ?? 0, '/setting')
    const list = modifier[modifierKey.payers] ?? 0
    let index = 0
    if (list !== 0 && tape.kinds[list] === kind.array) {
      const end = tape.after[list] ?? 0
      for (let entry = list + 1; entry < end; entry = tape.after[entry] ?? end) {
        const pointer = `/modifier_payer_information/${index++}`
        if (tape.kinds[entry] === kind.object) loadPayer(entry, pointer)
      }
    }
    if (index > 0) return
    row.find('keyMissing', '/modifier_payer_information', -1, { name: 'modifier_payer_information' })
    rows.modifier(
      row,
      itemColumns,
      undefined,
      undefined,
      extras.length > 0 ? `{${extras.join(',')}}` : undefined,
    )
  }
}
