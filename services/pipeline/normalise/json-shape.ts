/** The keys of the JSON templates, and how an object's tokens are found by them. */
import type { JsonTape } from '../scan/json-tape.ts'

/** Keys by number: a lookup by bytes, once per key of the file. */
export type KeyTable = {
  find(tape: JsonTape, token: number): number
  readonly size: number
  /** How the template in force spells the key. */
  spelling(key: number): string
  /** Whether the key's value is a list or an object. */
  holdsMore(key: number): boolean
}

/** All keys of the templates, once each: what the kernel gives numbers to. */
export const keySpellings: string[] = []

function numberOf(spelling: string): number {
  const known = keySpellings.indexOf(spelling)
  return known >= 0 ? known : keySpellings.push(spelling) - 1
}

/** `names[n]` lists the spellings of key n, that of the template in force first; `more`: those whose values are lists or objects. */
export function createKeyTable(
  names: readonly (readonly string[])[],
  more: readonly number[] = [],
): KeyTable {
  const byLength = new Map<number, { bytes: Buffer; key: number }[]>()
  names.forEach((spellings, key) => {
    for (const spelling of spellings) {
      const bytes = Buffer.from(spelling)
      byLength.set(bytes.length, [...(byLength.get(bytes.length) ?? []), { bytes, key }])
    }
  })
  /** By the numbers of `keySpellings`, and 255 for a key that is none of them. */
  const byNumber = new Int8Array(256).fill(-1)
  for (const [key, spellings] of names.entries())
    for (const spelling of spellings) byNumber[numberOf(spelling)] = key
  const tables = Array.from({ length: 64 }, (_, length) => byLength.get(length) ?? [])
  return {
    size: names.length,
    spelling: key => names[key]?.[0] ?? '',
    holdsMore: key => more.includes(key),
    find({ bytes, starts, ends, notes }, token) {
      if (notes) return byNumber[notes[token] ?? 255] ?? -1
      const start = starts[token] ?? 0
      const length = (ends[token] ?? 0) - start
      if (length >= 64) return -1
      for (const candidate of tables[length] ?? []) {
        let at = 0
        while (at < length && bytes[start + at] === candidate.bytes[at]) at++
        if (at === length) return candidate.key
      }
      return -1
    },
  }
}

/** Numbers of the keys; the arrays of spellings below are in this order. */
export const itemKey = { description: 0, codes: 1, charges: 2, drug: 3 } as const
export const itemKeys = createKeyTable(
  [
    ['description'],
    ['code_information', 'billing_code_information'],
    ['standard_charges'],
    ['drug_information'],
  ],
  [itemKey.codes, itemKey.charges, itemKey.drug],
)

export const codeKey = { code: 0, type: 1 } as const
export const codeKeys = createKeyTable([['code'], ['type']])

export const drugKey = { unit: 0, type: 1 } as const
export const drugKeys = createKeyTable([['unit'], ['type']])

export const chargeKey = {
  setting: 0,
  billingClass: 1,
  modifiers: 2,
  gross: 3,
  cash: 4,
  minimum: 5,
  maximum: 6,
  notes: 7,
  payers: 8,
} as const
export const chargeKeys = createKeyTable(
  [
    ['setting'],
    ['billing_class'],
    ['modifier_code', 'modifiers'],
    ['gross_charge'],
    ['discounted_cash'],
    ['minimum'],
    ['maximum'],
    ['additional_generic_notes'],
    ['payers_information'],
  ],
  [chargeKey.modifiers, chargeKey.payers],
)

export const payerKey = {
  payer: 0,
  plan: 1,
  dollar: 2,
  percentage: 3,
  algorithm: 4,
  estimated: 5,
  median: 6,
  percentile10: 7,
  percentile90: 8,
  count: 9,
  methodology: 10,
  notes: 11,
} as const
export const payerKeys = createKeyTable([
  ['payer_name'],
  ['plan_name'],
  ['standard_charge_dollar', 'standard_charge'],
  ['standard_charge_percentage', 'standard_charge_percent'],
  ['standard_charge_algorithm'],
  ['estimated_amount'],
  ['median_amount'],
  ['10th_percentile'],
  ['90th_percentile'],
  ['count'],
  ['methodology', 'contracting_method'],
  ['additional_payer_notes'],
])

export const modifierKey = { code: 0, description: 1, payers: 2, setting: 3 } as const
export const modifierKeys = createKeyTable(
  [['code'], ['description'], ['modifier_payer_information'], ['setting']],
  [modifierKey.payers],
)

export const modifierPayerKey = { payer: 0, plan: 1, description: 2 } as const
export const modifierPayerKeys = createKeyTable([['payer_name'], ['plan_name'], ['description']])

/** Columns of the row that an element is laid out as, and how the columns of rows.ts name them. */
export const column = {
  description: 0,
  setting: 1,
  billingClass: 2,
  modifiers: 3,
  drugUnit: 4,
  drugType: 5,
  gross: 6,
  cash: 7,
  minimum: 8,
  maximum: 9,
  genericNotes: 10,
  dollar: 11,
  percentage: 12,
  algorithm: 13,
  estimated: 14,
  median: 15,
  percentile10: 16,
  percentile90: 17,
  count: 18,
  methodology: 19,
  payerNotes: 20,
  payer: 21,
  plan: 22,
  code: 23,
  type: 24,
  none: 25,
} as const

export const itemColumns = {
  description: column.description,
  codes: [],
  setting: column.setting,
  billingClass: column.billingClass,
  modifiers: column.modifiers,
  drugUnit: column.drugUnit,
  drugType: column.drugType,
  gross: column.gross,
  cash: column.cash,
  minimum: column.minimum,
  maximum: column.maximum,
  notes: column.genericNotes,
  extra: [],
}

export const rateColumns = {
  dollar: column.dollar,
  percentage: column.percentage,
  algorithm: column.algorithm,
  estimated: column.estimated,
  median: column.median,
  percentile10: column.percentile10,
  percentile90: column.percentile90,
  count: column.count,
  methodology: column.methodology,
  notes: column.payerNotes,
}
