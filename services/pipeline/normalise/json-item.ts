/** One element of standard_charge_information: an item, its codes, its charges and their rates. */
import type { Rows } from '../load/rows.ts'
import type { Word } from '../load/vocabulary.ts'
import type { TemplateVersion } from '../rules/catalogue.ts'
import { createConditions, type Field, has } from '../rules/conditions.ts'
import { isCount } from '../rules/values.ts'
import { kind } from '../scan/json-tape.ts'
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
  payerKey,
  payerKeys,
  rateColumns,
} from './json-shape.ts'

/** Which template the keys of the elements belong to, as far as they tell. */
export type JsonHints = { v11: boolean; v22: boolean; v30: boolean }

export type JsonItems = {
  /** Loads the element in `row.tape`; false when it leaves nothing to load. */
  load(): boolean
  readonly hints: JsonHints
}

const anyCharge = has.dollar | has.percentage | has.algorithm

const fieldKeys: Partial<Record<Field, string>> = {
  description: 'description',
  setting: 'setting',
  gross: 'gross_charge',
  minimum: 'minimum',
  maximum: 'maximum',
  payer: 'payer_name',
  plan: 'plan_name',
  methodology: 'methodology',
  notes: 'additional_payer_notes',
  estimated: 'estimated_amount',
  count: 'count',
  median: 'median_amount',
  percentile10: '10th_percentile',
  percentile90: '90th_percentile',
  drugUnit: 'drug_information',
  drugType: 'drug_information',
}

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
  const payer = new Int32Array(payerKeys.size)
  let extras: [string, string][] = []
  let conditionsOf: TemplateVersion | undefined
  let itemConditions = createConditions({ version: undefined, scopes: ['row'] })
  let rateConditions = createConditions({ version: undefined, scopes: ['rate'] })

  /** The header may stand before the items or after them. */
  function followVersion(): void {
    const now = version()
    if (now === conditionsOf) return
    conditionsOf = now
    itemConditions = createConditions({ version: now, scopes: ['row'] })
    rateConditions = createConditions({ version: now, scopes: ['rate'] })
  }

  const keep = (key: number) => {
    extras.push([tape.text(key), tape.json(key + 1)])
  }

  /** The members that the template does not name, as JSON. */
  function takeExtra(pointer: string): string | undefined {
    if (extras.length === 0) return undefined
    const members = extras.map(([name, value]) => `${JSON.stringify(name)}:${value}`)
    for (const [name] of extras) row.find('keyUnknown', `${pointer}/${name}`, -1, { name })
    extras = []
    return `{${members.join(',')}}`
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
    const extra = takeExtra(pointer)
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
    flags |= loadPayers(chargeId, charge[chargeKey.payers] ?? 0, pointer)
    for (const { rule, field } of itemConditions(flags)) {
      if (field === 'row') row.find(rule, '/code_information')
      else
        row.find(
          rule,
          field === 'description'
            ? '/description'
            : field === 'drugUnit' || field === 'drugType'
              ? '/drug_information'
              : `${pointer}/${fieldKeys[field] ?? ''}`,
        )
    }
  }

  function loadPayers(chargeId: number, list: number, pointer: string): number {
    if (list === 0) return 0
    if (tape.kinds[list] !== kind.array) {
      row.find('valueType', `${pointer}/payers_information`, list, {
        name: 'payers_information',
        type: 'a list',
      })
      return 0
    }
    let flags = 0
    let index = 0
    const end = tape.after[list] ?? 0
    for (let entry = list + 1; entry < end; entry = tape.after[entry] ?? end) {
      const at = index++
      if (tape.kinds[entry] === kind.object)
        flags |= loadRate(chargeId, entry, () => `${pointer}/payers_information/${at}`)
      else
        row.find('valueType', `${pointer}/payers_information/${at}`, entry, {
          name: String(at),
          type: 'an object',
        })
    }
    return flags & anyCharge
  }

  function loadRate(chargeId: number, token: number, where: () => string): number {
    row.clear(column.dollar, column.code)
    const found = rateValues(token, where)
    const { flags, readable } = found
    for (const { rule, field } of rateConditions(flags))
      row.find(rule, `${where()}/${fieldKeys[field] ?? ''}`)
    const extra = extras.length === 0 ? undefined : takeExtra(where())
    if ((readable & anyCharge) === 0) {
      row.find('payerWithoutRate', where())
      return 0
    }
    const { starts, ends } = row
    const pair = rows.payers.find(
      row.bytes,
      starts[column.payer] ?? 0,
      ends[column.payer] ?? 0,
      starts[column.plan] ?? 0,
      ends[column.plan] ?? 0,
    )
    rows.rate(row, chargeId, rateColumns, pair, extra)
    return flags
  }

  function rateValues(token: number, where: () => string): { flags: number; readable: number } {
    // Pointers are made only where something is wrong: most rates have nothing to say.
    row.members(token, payerKeys, payer, '', keep)
    let flags = 0
    let lost = 0
    const note = (read: number, flag: number) => {
      if (read !== 0) flags |= flag
      if (read < 0) lost |= flag
    }
    if (text(column.payer, payerKey.payer, where)) flags |= has.payer
    if (text(column.plan, payerKey.plan, where)) flags |= has.plan
    note(amount(column.dollar, payerKey.dollar, where), has.dollar)
    note(amount(column.percentage, payerKey.percentage, where), has.percentage)
    if (text(column.algorithm, payerKey.algorithm, where)) flags |= has.algorithm
    note(amount(column.estimated, payerKey.estimated, where), has.estimated)
    note(amount(column.median, payerKey.median, where), has.median)
    note(amount(column.percentile10, payerKey.percentile10, where), has.percentile10)
    note(amount(column.percentile90, payerKey.percentile90, where), has.percentile90)
    if (text(column.payerNotes, payerKey.notes, where)) flags |= has.notes
    if (text(column.count, payerKey.count, where)) flags |= has.count | countFlags(where)
    if (text(column.methodology, payerKey.methodology, where)) {
      const word = wordOf(column.methodology, 'methodologies')
      flags |= has.methodology | (word.text === 'other' ? has.methodologyOther : 0)
      if (!word.exact) row.find('methodology', `${where()}/methodology`, payer[payerKey.methodology] ?? 0)
    }
    if ((flags & (has.median | has.percentile10 | has.percentile90)) !== 0 || (flags & has.count) !== 0)
      hints.v30 = true
    if ((flags & has.estimated) !== 0) {
      hints.v22 = true
      if (conditionsOf === '3.0')
        row.find('estimatedAmount', `${where()}/estimated_amount`, payer[payerKey.estimated] ?? 0)
    }
    return { flags, readable: flags & ~lost }
  }

  function text(at: number, key: number, where: () => string): boolean {
    const token = payer[key] ?? 0
    if (token === 0) return false
    return row.string(
      at,
      token,
      tape.kinds[token] === kind.string ? '' : `${where()}/${tape.text(token - 1)}`,
    )
  }

  function amount(at: number, key: number, where: () => string): 0 | 1 | -1 {
    const token = payer[key] ?? 0
    if (token === 0) return 0
    if (tape.kinds[token] === kind.number && isPlain(token)) {
      row.starts[at] = tape.starts[token] ?? 0
      row.ends[at] = tape.ends[token] ?? 0
      return 1
    }
    const pointer = `${where()}/${tape.text(token - 1)}`
    if (tape.text(token) === '999999999') row.find('nineNines', pointer, token)
    return row.number(at, token, pointer)
  }

  /** Digits above zero that are not nine 9s: what nearly every amount is. */
  function isPlain(token: number): boolean {
    const { bytes, starts, ends } = tape
    let nonZero = 0
    let points = 0
    const start = starts[token] ?? 0
    const end = ends[token] ?? 0
    for (let at = start; at < end; at++) {
      const byte = bytes[at] ?? 0
      if (byte === 0x2e) points++
      else if (byte < 0x30 || byte > 0x39) return false
      else nonZero |= byte - 0x30
    }
    return (
      nonZero !== 0 &&
      points <= 1 &&
      end - start <= 100 &&
      !(end - start === 9 && bytes[start] === 0x39 && tape.text(token) === '999999999')
    )
  }

  function countFlags(where: () => string): number {
    const value = row.text(column.count)
    if (value === '0') return has.countZero
    if (value === '999999999') row.find('nineNines', `${where()}/count`, payer[payerKey.count] ?? 0)
    if (!isCount(value)) row.find('count', `${where()}/count`, payer[payerKey.count] ?? 0)
    return 0
  }

  return {
    hints,
    load() {
      followVersion()
      extras = []
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
      const itemId = rows.startItem(row, itemColumns, takeExtra(''))
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
