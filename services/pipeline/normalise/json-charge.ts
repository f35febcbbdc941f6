/** One element of standard_charges: a charge and its rates. */
import type { Rows } from '../load/rows.ts'
import type { Word } from '../load/vocabulary.ts'
import { from30 } from '../rules/rule.ts'
import { kind } from '../scan/json-tape.ts'
import type { JsonExtras } from './json-extras.ts'
import type { JsonRates } from './json-rates.ts'
import type { JsonRow } from './json-row.ts'
import { chargeKey, chargeKeys, column, itemColumns } from './json-shape.ts'

export type JsonCharges = {
  load(itemId: number, token: number, pointer: string): void
}

type Options = { row: JsonRow; rows: Rows; extras: JsonExtras; rates: JsonRates }

const amounts = [
  { at: column.gross, key: chargeKey.gross, name: 'gross_charge' },
  { at: column.cash, key: chargeKey.cash, name: 'discounted_cash' },
  { at: column.minimum, key: chargeKey.minimum, name: 'minimum' },
  { at: column.maximum, key: chargeKey.maximum, name: 'maximum' },
] as const

export function createJsonCharges({ row, rows, extras, rates }: Options): JsonCharges {
  const { tape } = row
  const charge = new Int32Array(chargeKeys.size)
  const token = (key: number) => charge[key] ?? 0

  function settingWord(pointer: string): Word {
    const at = token(chargeKey.setting)
    row.string(column.setting, at, `${pointer}/setting`)
    const word = rows.words.settings.find(row, column.setting)
    if (at === 0) row.find('settingMissing', `${pointer}/setting`)
    else if (tape.kinds[at] === kind.string && !row.spells(word, column.setting, at))
      row.find('setting', `${pointer}/setting`, at)
    return word
  }

  /** `["26", "TC"]` → one word; a single one is taken as it is. What is neither a text nor a number is kept beside the charge. */
  function modifiersWord(pointer: string): Word {
    const list = token(chargeKey.modifiers)
    if (list === 0) return rows.words.modifiers.named('')
    const name = tape.text(list - 1)
    // `modifiers` is what template 1.1 calls it, and some 3.0 files: no rule is about that key.
    const official = name === 'modifier_code'
    if (tape.kinds[list] !== kind.array) {
      if (official) row.find('valueTypeOf30', `${pointer}/${name}`, list, { name, type: 'a list' })
      if (isModifier(list)) row.point(column.modifiers, list)
      else if (tape.kinds[list] !== kind.null) extras.keep(list - 1, official)
      return rows.words.modifiers.find(row, column.modifiers)
    }
    const parts: string[] = []
    let index = 0
    const end = tape.after[list] ?? 0
    for (let part = list + 1; part < end; part = tape.after[part] ?? end) {
      if (official) checkModifier(part, `${pointer}/${name}/${index}`)
      index++
      if (isModifier(part)) parts.push(tape.text(part).trim())
      else extras.keepValue(name, part, official)
    }
    if (official && index === 0) row.find('listEmpty', `${pointer}/${name}`, -1, { name })
    return rows.words.modifiers.named(parts.filter(part => part !== '').join('|'))
  }

  function isModifier(token: number): boolean {
    return tape.kinds[token] === kind.string || tape.kinds[token] === kind.number
  }

  function checkModifier(part: number, pointer: string): void {
    const fill = { name: 'modifier_code', type: 'a string' }
    if (tape.kinds[part] !== kind.string) row.find('valueTypeOf30', pointer, part, fill)
    else if (tape.starts[part] === tape.ends[part]) row.find('textEmpty', pointer, part, fill)
  }

  function checkBounds(pointer: string): void {
    if (!row.filled(column.minimum) || !row.filled(column.maximum)) return
    if (Number(row.text(column.minimum)) > Number(row.text(column.maximum)))
      row.find('minAboveMax', `${pointer}/minimum`, token(chargeKey.minimum))
  }

  return {
    load(itemId, object, pointer) {
      row.clear(column.setting, column.drugUnit)
      row.clear(column.gross, column.dollar)
      row.members(object, chargeKeys, charge, pointer, extras.keep)
      const setting = settingWord(pointer)
      row.point(column.billingClass, token(chargeKey.billingClass))
      for (const { at, key, name } of amounts)
        if (row.number(at, token(key), `${pointer}/${name}`) < 0) extras.keep(token(key) - 1, true)
      const modifiers = modifiersWord(pointer)
      const payers = token(chargeKey.payers)
      if (payers !== 0 && tape.kinds[payers] !== kind.array) extras.keep(payers - 1, true)
      const extra = extras.take(pointer)
      checkBounds(pointer)
      row.string(
        column.genericNotes,
        token(chargeKey.notes),
        `${pointer}/additional_generic_notes`,
        'textEmpty',
      )
      const billingClass = rows.words.billingClasses.find(row, column.billingClass)
      const words = { setting, billingClass, modifiers }
      // Its rates first: of a payer without a charge there is no rate, and what is said of it stays with the charge.
      const chargeId = rows.nextChargeId()
      const { dollar, charged, chargedBefore30, without } = rates.load(
        chargeId,
        token(chargeKey.payers),
        pointer,
      )
      rows.charge(row, itemId, itemColumns, words, column.genericNotes, withPayers(extra, without))
      if (dollar && token(chargeKey.minimum) === 0) row.find('minMaxMissing', `${pointer}/minimum`)
      else if (dollar && token(chargeKey.maximum) === 0) row.find('minMaxMissing', `${pointer}/maximum`)
      if (charged || token(chargeKey.gross) !== 0 || token(chargeKey.cash) !== 0) return
      const span = chargedBefore30 ? from30 : undefined
      row.find('chargeMissing', `${pointer}/gross_charge`, -1, undefined, span)
    },
  }
}

function withPayers(extra: string | undefined, payers: string[]): string | undefined {
  if (payers.length === 0) return extra
  const member = `"payers_without_rate":[${payers.join(',')}]`
  return extra ? `${extra.slice(0, -1)},${member}}` : `{${member}}`
}
