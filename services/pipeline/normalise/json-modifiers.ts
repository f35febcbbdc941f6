/** One element of modifier_information: what a modifier does to a price, per payer. */

import type { Rows } from '../load/rows.ts'
import { kind } from '../scan/json-tape.ts'
import { jsonOf } from '../scan/tape-json.ts'
import { jsonObject } from './json-extras.ts'
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

type Member = readonly [name: string, value: string]

export function createJsonModifiers(row: JsonRow, rows: Rows): () => void {
  const { tape } = row
  const modifier = new Int32Array(modifierKeys.size)
  const payer = new Int32Array(modifierPayerKeys.size)

  /** Members without a column, of the modifier and of one payer, as one JSON object. */
  function objectOf(members: Member[]): string | undefined {
    return members.length === 0 ? undefined : jsonObject(members)
  }

  const memberAt = (key: number): Member => [tape.text(key), jsonOf(tape, key + 1)]

  function loadPayer(token: number, pointer: string, shared: Member[]): void {
    const extras = [...shared]
    row.clear(column.dollar, column.code)
    row.members(token, modifierPayerKeys, payer, pointer, key => extras.push(memberAt(key)))
    const required = [
      [column.payer, modifierPayerKey.payer, 'payer_name'],
      [column.plan, modifierPayerKey.plan, 'plan_name'],
      [column.payerNotes, modifierPayerKey.description, 'description'],
    ] as const
    for (const [at, key, name] of required) {
      const token = payer[key] ?? 0
      if (token === 0) row.find('keyMissing', `${pointer}/${name}`, -1, { name })
      row.string(at, token, `${pointer}/${name}`, 'valueEmpty')
    }
    const { starts, ends } = row
    const pair = rows.payers.find(
      row.bytes,
      starts[column.payer] ?? 0,
      ends[column.payer] ?? 0,
      starts[column.plan] ?? 0,
      ends[column.plan] ?? 0,
    )
    rows.modifier(row, itemColumns, rateColumns, pair, objectOf(extras))
  }

  function loadPayers(list: number, extras: Member[]): number {
    const name = 'modifier_payer_information'
    if (list === 0) row.find('keyMissing', `/${name}`, -1, { name })
    else if (tape.kinds[list] !== kind.array) {
      row.find('valueType', `/${name}`, list, { name, type: 'a list' })
      extras.push(memberAt(list - 1))
    } else if (tape.after[list] === list + 1) row.find('valueEmpty', `/${name}`, -1, { name })
    else {
      let index = 0
      let loaded = 0
      const end = tape.after[list] ?? 0
      for (let entry = list + 1; entry < end; entry = tape.after[entry] ?? end)
        if (tape.kinds[entry] !== kind.object) extras.push([name, jsonOf(tape, entry)])
      for (let entry = list + 1; entry < end; entry = tape.after[entry] ?? end) {
        const pointer = `/${name}/${index++}`
        if (tape.kinds[entry] !== kind.object)
          row.find('valueType', pointer, entry, { name, type: 'an object' })
        else {
          loadPayer(entry, pointer, extras)
          loaded++
        }
      }
      return loaded
    }
    return 0
  }

  return () => {
    const extras: Member[] = []
    row.clear(0, column.none + 1)
    row.members(0, modifierKeys, modifier, '', key => extras.push(memberAt(key)))
    const code = modifier[modifierKey.code] ?? 0
    if (code === 0) row.find('keyMissing', '/code', -1, { name: 'code' })
    row.string(column.modifiers, code, '/code', 'valueEmpty')
    const description = modifier[modifierKey.description] ?? 0
    if (description === 0) row.find('descriptionMissing', '/description')
    row.string(column.description, description, '/description', 'valueEmpty')
    const setting = modifier[modifierKey.setting] ?? 0
    if (setting !== 0 && tape.kinds[setting] !== kind.string)
      row.find('modifierSettingType', '/setting', setting, { name: 'setting', type: 'a string' })
    row.point(column.setting, setting)
    if (
      tape.kinds[setting] === kind.string &&
      setting !== 0 &&
      !row.spells(rows.words.settings.find(row, column.setting), column.setting, setting)
    )
      row.find('modifierSetting', '/setting', setting)
    if (loadPayers(modifier[modifierKey.payers] ?? 0, extras) > 0) return
    rows.modifier(row, itemColumns, undefined, undefined, objectOf(extras))
  }
}
