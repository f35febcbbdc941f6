/** One element of standard_charge_information: an item, its codes, its charges and their rates. */
import type { Rows } from '../load/rows.ts'
import type { Word } from '../load/vocabulary.ts'
import type { TemplateVersion } from '../rules/catalogue.ts'
import { createConditions, has } from '../rules/conditions.ts'
import { kind } from '../scan/json-tape.ts'
import { createJsonExtras } from './json-extras.ts'
import { createJsonRates, type JsonHints, jsonFieldKeys } from './json-rates.ts'
import type { JsonRow } from './json-row.ts'
import {
  chargeKey,
  chargeKeys,
  codeKey,
  codeKeys,
  column,
  drugKey,
  drugKeys,
  itemColumns,
  itemKey,
  itemKeys,
} from './json-shape.ts'

export type JsonItems = {
  /** Loads the element in `row.tape`; false when it leaves nothing to load. */
  load(): boolean
  readonly hints: JsonHints
}

/** Published items have up to four. */
const mostCodes = 1000

export function createJsonItems(
  row: JsonRow,
  rows: Rows,
  version: () => TemplateVersion | undefined,
): JsonItems {
  const { tape } = row
  const hints: JsonHints = { v11: false, v22: false, v30: false }
  const item = new Int32Array(itemKeys.size)
  const code = new Int32Array(codeKeys.size)
  const drug = new Int32Array(drugKeys.size)
  const charge = new Int32Array(chargeKeys.size)
  const extras = createJsonExtras(row)
  const { keep } = extras
  let conditionsOf: TemplateVersion | undefined
  let itemConditions = createConditions({ version: undefined, scopes: ['row'] })
  const rates = createJsonRates({ row, rows, extras, hints })

  /** The header may stand before the items or after them. */
  function followVersion(): void {
    const now = version()
    if (now === conditionsOf) return
    conditionsOf = now
    itemConditions = createConditions({ version: now, scopes: ['row'] })
    rates.follow(now)
  }

  function wordOf(
    at: number,
    vocabulary: 'settings' | 'billingClasses' | 'methodologies' | 'drugTypes',
  ): Word {
    return rows.words[vocabulary].find(row, at)
  }

  function drugFlags(): number {
    const token = item[itemKey.drug] ?? 0
    if (token === 0) return 0
    if (tape.kinds[token] !== kind.object) {
      row.find('valueType', '/drug_information', token, { name: 'drug_information', type: 'an object' })
      return 0
    }
    row.members(token, drugKeys, drug, '/drug_information', keep)
    let flags = 0
    if (
      row.number(
        column.drugUnit,
        drug[drugKey.unit] ?? 0,
        '/drug_information/unit',
        conditionsOf !== '3.0',
      ) !== 0
    )
      flags |= has.drugUnit
    if (row.string(column.drugType, drug[drugKey.type] ?? 0, '/drug_information/type')) {
      flags |= has.drugType
      if (!wordOf(column.drugType, 'drugTypes').exact)
        row.find('drugType', '/drug_information/type', drug[drugKey.type] ?? 0)
    }
    return flags
  }

  /** Checks the codes, and writes them when the item has its id. */
  function codes(itemId: number | undefined): number {
    const list = item[itemKey.codes] ?? 0
    if (list === 0 || tape.kinds[list] !== kind.array) return 0
    let flags = 0
    let ordinal = 0
    const end = tape.after[list] ?? 0
    for (let entry = list + 1; entry < end; entry = tape.after[entry] ?? end) {
      const pointer = `/code_information/${ordinal++}`
      if (ordinal > mostCodes) {
        if (itemId !== undefined) row.find('codesTooMany', pointer)
        break
      }
      if (tape.kinds[entry] !== kind.object) continue
      row.clear(column.code, column.type + 1)
      row.members(entry, codeKeys, code, pointer, itemId === undefined ? keep : () => {})
      const codeToken = code[codeKey.code] ?? 0
      const typeToken = code[codeKey.type] ?? 0
      if (itemId !== undefined) {
        pointQuietly(column.code, codeToken)
        pointQuietly(column.type, typeToken)
        if (row.filled(column.code))
          rows.code(row, itemId, ordinal, column.code, rows.words.codeTypes.find(row, column.type))
        continue
      }
      const hasCode = row.string(column.code, codeToken, `${pointer}/code`)
      const hasType = row.string(column.type, typeToken, `${pointer}/type`)
      if (hasCode || hasType) flags |= has.code
      if (hasCode && !hasType) row.find('codeWithoutType', `${pointer}/type`)
      if (hasType && !hasCode) row.find('typeWithoutCode', `${pointer}/code`)
      if (!hasType) continue
      const word = rows.words.codeTypes.find(row, column.type)
      if (word.text === 'NDC') flags |= has.ndc
      if (!word.exact) row.find('codeType', `${pointer}/type`, typeToken)
      else if (word.text === 'CMG' || word.text === 'MS-LTC-DRG')
        row.find('codeTypeTooNew', `${pointer}/type`, typeToken)
    }
    return flags
  }

  function pointQuietly(at: number, token: number): void {
    if (token === 0 || (tape.kinds[token] ?? 0) <= kind.array || tape.kinds[token] === kind.null) return
    row.starts[at] = tape.starts[token] ?? 0
    row.ends[at] = tape.ends[token] ?? 0
  }

  /** `["26", "TC"]` → one word; a string is taken as it is. */
  function modifiersWord(pointer: string): Word {
    const token = charge[chargeKey.modifiers] ?? 0
    if (token === 0) return rows.words.modifiers.named('')
    if (tape.kinds[token] === kind.array) {
      const parts: string[] = []
      const end = tape.after[token] ?? 0
      for (let part = token + 1; part < end; part = tape.after[part] ?? end)
        parts.push(tape.text(part).trim())
      return rows.words.modifiers.named(parts.join('|'))
    }
    row.string(column.modifiers, token, `${pointer}/modifier_code`)
    return rows.words.modifiers.find(row, column.modifiers)
  }

  function loadCharge(itemId: number, token: number, pointer: string, itemFlags: number): void {
    row.clear(column.setting, column.drugUnit)
    row.clear(column.gross, column.dollar)
    row.members(token, chargeKeys, charge, pointer, keep)
    const extra = extras.take(pointer)
    let flags = itemFlags
    if (row.string(column.setting, charge[chargeKey.setting] ?? 0, `${pointer}/setting`)) flags |= has.setting
    const setting = wordOf(column.setting, 'settings')
    if ((flags & has.setting) !== 0 && !setting.exact)
      row.find('setting', `${pointer}/setting`, charge[chargeKey.setting] ?? 0)
    row.string(column.billingClass, charge[chargeKey.billingClass] ?? 0, `${pointer}/billing_class`)
    if (row.number(column.gross, charge[chargeKey.gross] ?? 0, `${pointer}/gross_charge`) !== 0)
      flags |= has.gross
    if (row.number(column.cash, charge[chargeKey.cash] ?? 0, `${pointer}/discounted_cash`) !== 0)
      flags |= has.cash
    if (row.number(column.minimum, charge[chargeKey.minimum] ?? 0, `${pointer}/minimum`) !== 0)
      flags |= has.minimum
    if (row.number(column.maximum, charge[chargeKey.maximum] ?? 0, `${pointer}/maximum`) !== 0)
      flags |= has.maximum
    if (
      (flags & has.minimum) !== 0 &&
      (flags & has.maximum) !== 0 &&
      Number(row.text(column.minimum)) > Number(row.text(column.maximum))
    )
      row.find('minAboveMax', `${pointer}/minimum`, charge[chargeKey.minimum] ?? 0)
    row.string(column.genericNotes, charge[chargeKey.notes] ?? 0, `${pointer}/additional_generic_notes`)
    const words = {
      setting,
      billingClass: wordOf(column.billingClass, 'billingClasses'),
      modifiers: modifiersWord(pointer),
    }
    const chargeId = rows.charge(row, itemId, itemColumns, words, column.genericNotes, extra)
    flags |= rates.load(chargeId, charge[chargeKey.payers] ?? 0, pointer)
    for (const { rule, field } of itemConditions(flags)) {
      if (field === 'row') row.find(rule, '/code_information')
      else
        row.find(
          rule,
          field === 'description'
            ? '/description'
            : field === 'drugUnit' || field === 'drugType'
              ? '/drug_information'
              : `${pointer}/${jsonFieldKeys[field] ?? ''}`,
        )
    }
  }

  return {
    hints,
    load() {
      followVersion()
      extras.clear()
      row.clear(0, column.none + 1)
      row.members(0, itemKeys, item, '', keep)
      const charges = item[itemKey.charges] ?? 0
      if (charges === 0 || tape.kinds[charges] !== kind.array || (tape.after[charges] ?? 0) === charges + 1)
        return false
      let flags = row.string(column.description, item[itemKey.description] ?? 0, '/description')
        ? has.description
        : 0
      if (
        (item[itemKey.codes] ?? 0) !== 0 &&
        tape.text((item[itemKey.codes] ?? 0) - 1) === 'billing_code_information'
      )
        hints.v11 = true
      flags |= drugFlags() | codes(undefined)
      const itemId = rows.startItem(row, itemColumns, extras.take(''))
      codes(itemId)
      let index = 0
      const end = tape.after[charges] ?? 0
      for (let entry = charges + 1; entry < end; entry = tape.after[entry] ?? end) {
        const pointer = `/standard_charges/${index++}`
        if (tape.kinds[entry] === kind.object) loadCharge(itemId, entry, pointer, flags)
        else row.find('valueType', pointer, entry, { name: String(index - 1), type: 'an object' })
      }
      rows.endItem(row.offset + row.length)
      return true
    },
  }
}
