/** The names that columns of the CSV templates have, and what a file's columns are once they are recognised. */
import type { RuleName, TemplateVersion } from '../rules/catalogue.ts'
import type { Place } from '../rules/findings.ts'

/** ` Standard_Charge | Gross ` → `standard_charge|gross`. */
export function columnKey(name: string): string {
  return name
    .split('|')
    .map(part => part.trim().toLowerCase())
    .join('|')
}

/** Columns of one payer and plan (or, in the tall layout, of the row's). `none` where there is no such column. */
export type RateColumns = {
  dollar: number
  percentage: number
  algorithm: number
  estimated: number
  median: number
  percentile10: number
  percentile90: number
  count: number
  methodology: number
  notes: number
}

export type PayerColumns = RateColumns & {
  /** As first written in row 3. */
  payer: string
  /** Null where the header lacks the plan segment. */
  plan: string | null
  /** Whether its headers have the two parts, payer and plan, by which CMS knows payer columns. */
  official: boolean
}

export type ItemColumns = {
  description: number
  codes: { code: number; type: number }[]
  setting: number
  billingClass: number
  modifiers: number
  drugUnit: number
  drugType: number
  gross: number
  cash: number
  minimum: number
  maximum: number
  notes: number
  /** Columns that are no part of the template. */
  extra: { column: number; name: string }[]
}

export type Fault = { rule: RuleName; place: Place }

export type DataColumns = ItemColumns & {
  /** As published. */
  names: string[]
  /** The number of a column that is always blank: what the fields above hold where a column is absent. */
  none: number
  version: TemplateVersion
  faults: Fault[]
} & (
    | { layout: 'tall'; payer: number; plan: number; rate: RateColumns }
    | { layout: 'wide'; payers: PayerColumns[] }
  )

/** Why the columns cannot be understood, all reasons at once. */
export type Unreadable = { layout: undefined; version: TemplateVersion; faults: Fault[] }

export const rateKinds = table<keyof RateColumns>({
  negotiated_dollar: 'dollar',
  negotiated_percentage: 'percentage',
  negotiated_percent: 'percentage',
  negotiated_algorithm: 'algorithm',
  methodology: 'methodology',
  contracting_method: 'methodology',
})
const formerNames = new Set(['negotiated_percent', 'contracting_method'])
/** Whether the column is one that has another name since template 1.1. */
export function hasFormerName(key = ''): boolean {
  return formerNames.has(key.slice(key.lastIndexOf('|') + 1))
}
export const otherKinds = table<keyof RateColumns>({
  estimated_amount: 'estimated',
  median_amount: 'median',
  '10th_percentile': 'percentile10',
  '90th_percentile': 'percentile90',
  count: 'count',
  additional_payer_notes: 'notes',
})
export const itemKeys = table<Exclude<keyof ItemColumns, 'codes' | 'extra'>>({
  description: 'description',
  setting: 'setting',
  billing_class: 'billingClass',
  modifiers: 'modifiers',
  drug_unit_of_measurement: 'drugUnit',
  drug_type_of_measurement: 'drugType',
  'standard_charge|gross': 'gross',
  'standard_charge|discounted_cash': 'cash',
  'standard_charge|min': 'minimum',
  'standard_charge|max': 'maximum',
  additional_generic_notes: 'notes',
})

/** Without a prototype: a header may be called `constructor`. */
function table<Value>(entries: Record<string, Value>): ReadonlyMap<string, Value> {
  return new Map(Object.entries(entries))
}
