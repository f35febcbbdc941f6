/** payers_information of one charge: its rates. */
import { noPair } from '../load/payers.ts'
import type { Rows } from '../load/rows.ts'
import type { RuleName, TemplateVersion } from '../rules/catalogue.ts'
import { createConditions, type Field, has } from '../rules/conditions.ts'
import { from30, type Span, until22 } from '../rules/rule.ts'
import { isCountOfJson, readNumber } from '../rules/values.ts'
import { kind } from '../scan/json-tape.ts'
import { jsonOf } from '../scan/tape-json.ts'
import { isPlainAmount } from './json-amount.ts'
import type { JsonExtras } from './json-extras.ts'
import type { JsonRow } from './json-row.ts'
import { column, payerKey, payerKeys, rateColumns } from './json-shape.ts'
import { beyondDollar } from './normaliser.ts'

/** Which template the keys of the elements belong to, as far as they tell. */
export type JsonHints = { v11: boolean; v22: boolean; v30: boolean }

export type JsonRates = {
  /** Loads the list of payers at a token. */
  load(chargeId: number, list: number, pointer: string): ChargeOfPayers
  /** From here on what other templates ask is not asked. */
  is30(): void
}

type Options = { row: JsonRow; rows: Rows; extras: JsonExtras; hints: JsonHints }

/** What the conditions of the charge ask of its payers. */
type ChargeOfPayers = {
  /** Whether one of them has a dollar amount. */
  dollar: boolean
  /** Whether each has a dollar amount, a percentage or an algorithm; before template 3.0 there need not be one. */
  charged: boolean
  chargedBefore30: boolean
  /** Those of which there is no rate, as the JSON they are. */
  without: string[]
}
const none: ChargeOfPayers = { dollar: false, charged: false, chargedBefore30: false, without: [] }

const anyCharge = has.dollar | has.percentage | has.algorithm

/** The key a broken condition is shown at. */
export const jsonFieldKeys: Partial<Record<Field, string>> = {
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

/** The flag of each key, in the order of `payerKey`. */
const keyFlags = [
  has.payer,
  has.plan,
  has.dollar,
  has.percentage,
  has.algorithm,
  has.estimated,
  has.median,
  has.percentile10,
  has.percentile90,
  has.count,
  has.methodology,
  has.notes,
]

export function createJsonRates({ row, rows, extras, hints }: Options): JsonRates {
  const { tape } = row
  const payer = new Int32Array(payerKeys.size)
  const blank = rows.words.methodologies.named('')
  /** Of the rate that is read. */
  const told = { pair: noPair, methodology: blank, count: blank, plain: false, algorithmId: 0, notesId: 0 }
  // The header may stand behind the items, and keys that tell the template may still come: the rules of all templates are asked,
  // and what belongs to another is dropped at the end. For most files of 3.0 the header says so first.
  let version: TemplateVersion | undefined
  const conditionsOf = () => createConditions({ version, scopes: ['rate'], layout: 'json' })
  let rateConditions = conditionsOf()

  function load(chargeId: number, list: number, pointer: string): ChargeOfPayers {
    if (list === 0) return none
    if (tape.kinds[list] !== kind.array) {
      row.find('valueType', `${pointer}/payers_information`, list, {
        name: 'payers_information',
        type: 'a list',
      })
      return none
    }
    let dollar = false
    let charged = true
    const without: string[] = []
    let index = 0
    const end = tape.after[list] ?? 0
    for (let entry = list + 1; entry < end; entry = tape.after[entry] ?? end) {
      const at = index++
      if (tape.kinds[entry] === kind.object) {
        const { present, loaded } = loadRate(chargeId, entry, () => `${pointer}/payers_information/${at}`)
        if (!loaded) without.push(jsonOf(tape, entry))
        if ((present & has.dollar) !== 0) dollar = true
        if ((present & anyCharge) === 0) charged = false
      } else {
        charged = false
        without.push(jsonOf(tape, entry))
        const fill = { name: String(at), type: 'an object' }
        row.find('valueType', `${pointer}/payers_information/${at}`, entry, fill)
      }
    }
    if (index === 0)
      row.find('valueEmpty', `${pointer}/payers_information`, -1, { name: 'payers_information' })
    return { dollar, charged: charged && index > 0, chargedBefore30: charged, without }
  }

  function loadRate(
    chargeId: number,
    token: number,
    where: () => string,
  ): { present: number; loaded: boolean } {
    row.clear(column.dollar, column.code)
    row.members(token, payerKeys, payer, where, extras.keep)
    const { readable, zero, other } = rateValues(where)
    const present = presentKeys() | (zero ? has.countZero : 0) | (other ? has.methodologyOther : 0)
    for (const { rule, field } of rateConditions(present))
      row.findAt(rule, () =>
        rule === 'chargeForPayer' ? where() : `${where()}/${jsonFieldKeys[field] ?? ''}`,
      )
    const extra = extras.any() ? extras.take(where()) : undefined
    const loaded = (readable & anyCharge) !== 0
    if (!loaded) row.find('payerWithoutRate', where())
    else {
      const { starts, ends } = row
      told.pair = rows.payers.find(
        row.bytes,
        starts[column.payer] ?? 0,
        ends[column.payer] ?? 0,
        starts[column.plan] ?? 0,
        ends[column.plan] ?? 0,
      )
      told.methodology = rows.words.methodologies.find(row, column.methodology)
      told.count = rows.words.counts.find(row, column.count)
      told.plain = (present & beyondDollar) === 0
      rows.tellTexts(row, rateColumns, told)
      rows.rate(row, chargeId, rateColumns, told, extra)
    }
    return { present, loaded }
  }

  /** Which keys are there, whatever their values: what the schema's `required` asks. */
  function presentKeys(): number {
    let flags = 0
    for (let key = 0; key < keyFlags.length; key++) if (payer[key] !== 0) flags |= keyFlags[key] ?? 0
    return flags
  }

  /** Pointers are made only where something is wrong: most rates have nothing to say. */
  function rateValues(where: () => string): { readable: number; zero: boolean; other: boolean } {
    let readable = 0
    text(column.payer, payerKey.payer, where, 'valueEmpty')
    text(column.plan, payerKey.plan, where, 'valueEmpty')
    if (amount(column.dollar, payerKey.dollar, where) > 0) readable |= has.dollar
    if (amount(column.percentage, payerKey.percentage, where) > 0) readable |= has.percentage
    if (text(column.algorithm, payerKey.algorithm, where, 'textEmpty')) readable |= has.algorithm
    amount(column.estimated, payerKey.estimated, where)
    amount(column.median, payerKey.median, where)
    amount(column.percentile10, payerKey.percentile10, where)
    amount(column.percentile90, payerKey.percentile90, where)
    let other = false
    if (text(column.methodology, payerKey.methodology, where)) {
      const word = rows.words.methodologies.find(row, column.methodology)
      const exact = row.spells(word, column.methodology, payer[payerKey.methodology] ?? 0)
      other = exact && word.text === 'other'
      if (!exact && isString(payerKey.methodology)) notAllowed('methodology', payerKey.methodology, where)
    } else if (isString(payerKey.methodology)) notAllowed('methodology', payerKey.methodology, where)
    text(column.payerNotes, payerKey.notes, where, 'textEmpty')
    if (other && isEmpty(payerKey.notes))
      row.find(
        'notesForOther',
        `${where()}/additional_payer_notes`,
        payer[payerKey.notes],
        undefined,
        until22,
      )
    const zero = countValue(where)
    hint(where)
    return { readable, zero, other }
  }

  function hint(where: () => string): void {
    if (
      ((payer[payerKey.median] ?? 0) | (payer[payerKey.count] ?? 0) | (payer[payerKey.percentile10] ?? 0)) !==
      0
    )
      hints.v30 = true
    const estimated = payer[payerKey.estimated] ?? 0
    if (estimated === 0) return
    hints.v22 = true
    row.find('estimatedAmount', `${where()}/estimated_amount`, estimated)
  }

  function isEmpty(key: number): boolean {
    const token = payer[key] ?? 0
    return isString(key) && tape.starts[token] === tape.ends[token]
  }

  const isString = (key: number) => tape.kinds[payer[key] ?? 0] === kind.string && (payer[key] ?? 0) !== 0

  function notAllowed(rule: RuleName, key: number, where: () => string, span?: Span): void {
    const token = payer[key] ?? 0
    row.find(rule, `${where()}/${tape.text(token - 1)}`, token, undefined, span)
  }

  function text(at: number, key: number, where: () => string, empty?: RuleName, span?: Span): boolean {
    const token = payer[key] ?? 0
    if (token === 0) return false
    if (tape.kinds[token] === kind.string && row.point(at, token)) return true
    return row.string(at, token, `${where()}/${tape.text(token - 1)}`, empty, span)
  }

  function amount(at: number, key: number, where: () => string): 0 | 1 | -1 {
    const token = payer[key] ?? 0
    if (token === 0) return 0
    if (tape.kinds[token] === kind.number && isPlainAmount(tape, token)) {
      row.starts[at] = tape.starts[token] ?? 0
      row.ends[at] = tape.ends[token] ?? 0
      return 1
    }
    const read = checked(at, key, token, where)
    if (read < 0) extras.keep(token - 1, true)
    return read
  }

  function checked(at: number, key: number, token: number, where: () => string): 0 | 1 | -1 {
    if (key === payerKey.estimated) return estimate(at, token, where)
    const pointer = `${where()}/${tape.text(token - 1)}`
    if (!hasNines(key)) return row.number(at, token, pointer)
    if (tape.kinds[token] === kind.number && Number(tape.text(token)) === 999_999_999)
      row.find('nineNines', pointer, token, undefined, from30)
    return row.number(at, token, pointer, from30)
  }

  const isReadable = (at: number) => readNumber(row.text(at)) !== undefined

  /** Template 2.2 alone knows this key, so it has rules of its own, which other templates leave out. */
  function estimate(at: number, token: number, where: () => string): 0 | 1 | -1 {
    const pointer = `${where()}/estimated_amount`
    const value = Number(tape.text(token))
    if (tape.kinds[token] !== kind.number || !Number.isFinite(value))
      row.find('estimatedType', pointer, token, { name: 'estimated_amount', type: 'a number' })
    else if (!(value > 0)) row.find('estimatedNumber', pointer, token)
    else if (value === 999_999_999) row.find('estimatedNines', pointer, token)
    if (!row.point(at, token)) return 0
    const readable = isReadable(at)
    if (!readable) row.find('numberUnreadable', pointer, token)
    return readable ? 1 : -1
  }

  /** 999999999 has once stood for "not enough data" in these. */
  function hasNines(key: number): boolean {
    return key === payerKey.median || key === payerKey.percentile10 || key === payerKey.percentile90
  }

  /** Whether the count is 0. */
  function countValue(where: () => string): boolean {
    const filled = text(column.count, payerKey.count, where, undefined, from30)
    if (!isString(payerKey.count)) return false
    const value = filled ? tape.text(payer[payerKey.count] ?? 0) : ''
    if (value === '0') return true
    if (value === '999999999') notAllowed('nineNines', payerKey.count, where, from30)
    if (!isCountOfJson(value)) notAllowed('count', payerKey.count, where)
    return false
  }

  return {
    load,
    is30() {
      if (version === '3.0') return
      version = '3.0'
      rateConditions = conditionsOf()
    },
  }
}
