/** payers_information of one charge: its rates. */
import type { Rows } from '../load/rows.ts'
import type { TemplateVersion } from '../rules/catalogue.ts'
import { createConditions, type Field, has } from '../rules/conditions.ts'
import { isCount } from '../rules/values.ts'
import { kind } from '../scan/json-tape.ts'
import type { JsonExtras } from './json-extras.ts'
import type { JsonRow } from './json-row.ts'
import { column, payerKey, payerKeys, rateColumns } from './json-shape.ts'

/** Which template the keys of the elements belong to, as far as they tell. */
export type JsonHints = { v11: boolean; v22: boolean; v30: boolean }

export type JsonRates = {
  /** Loads the list of payers at a token; returns which kinds of charge they have. */
  load(chargeId: number, list: number, pointer: string): number
  /** The template became known, or another. */
  follow(version: TemplateVersion | undefined): void
}

type Options = { row: JsonRow; rows: Rows; extras: JsonExtras; hints: JsonHints }

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

export function createJsonRates({ row, rows, extras, hints }: Options): JsonRates {
  const { tape } = row
  const payer = new Int32Array(payerKeys.size)
  let version: TemplateVersion | undefined
  let rateConditions = createConditions({ version, scopes: ['rate'] })

  function load(chargeId: number, list: number, pointer: string): number {
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
      row.find(rule, `${where()}/${jsonFieldKeys[field] ?? ''}`)
    const extra = extras.any() ? extras.take(where()) : undefined
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
    row.members(token, payerKeys, payer, '', extras.keep)
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
      const word = rows.words.methodologies.find(row, column.methodology)
      flags |= has.methodology | (word.text === 'other' ? has.methodologyOther : 0)
      if (!word.exact) row.find('methodology', `${where()}/methodology`, payer[payerKey.methodology] ?? 0)
    }
    if ((flags & (has.median | has.percentile10 | has.percentile90)) !== 0 || (flags & has.count) !== 0)
      hints.v30 = true
    if ((flags & has.estimated) !== 0) {
      hints.v22 = true
      if (version === '3.0')
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
    load,
    follow(now) {
      version = now
      rateConditions = createConditions({ version, scopes: ['rate'] })
    },
  }
}
