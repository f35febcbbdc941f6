/**
 * Row 3 of a CSV: which column holds what (CMS CSV data dictionary, "Standard charge information data elements").
 * Names are matched without case and without blanks around pipes, in any order. Built once a file; after it, a row is
 * read by column numbers only.
 */
import type { RuleName, TemplateVersion } from '../rules/catalogue.ts'
import { columnLetters, type Place } from '../rules/findings.ts'

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
export type Unreadable = { layout: undefined; faults: Fault[] }

const rateKinds = table<keyof RateColumns>({
  negotiated_dollar: 'dollar',
  negotiated_percentage: 'percentage',
  negotiated_percent: 'percentage',
  negotiated_algorithm: 'algorithm',
  methodology: 'methodology',
  contracting_method: 'methodology',
})
const otherKinds = table<keyof RateColumns>({
  estimated_amount: 'estimated',
  median_amount: 'median',
  '10th_percentile': 'percentile10',
  '90th_percentile': 'percentile90',
  count: 'count',
  additional_payer_notes: 'notes',
})
const itemKeys = table<Exclude<keyof ItemColumns, 'codes' | 'extra'>>({
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

type Reading = {
  names: string[]
  keys: string[]
  none: number
  item: ItemColumns
  tall: { payer: number; plan: number; rate: RateColumns }
  payers: Map<string, PayerColumns>
  faults: Fault[]
}

/** `v3` says whether rows 1 and 2 are those of template 3.0: a hint where the columns could be either. */
export function readDataColumns(names: string[], v3: boolean): DataColumns | Unreadable {
  const none = names.length
  const rate = () => emptyRate(none)
  const reading: Reading = {
    names,
    keys: names.map(columnKey),
    none,
    item: {
      description: none,
      codes: [],
      setting: none,
      billingClass: none,
      modifiers: none,
      drugUnit: none,
      drugType: none,
      gross: none,
      cash: none,
      minimum: none,
      maximum: none,
      notes: none,
      extra: [],
    },
    tall: { payer: none, plan: none, rate: rate() },
    payers: new Map(),
    faults: [],
  }
  const seen = new Set<string>()
  reading.keys.forEach((key, column) => {
    if (key === '') reading.item.extra.push({ column, name: `(column ${columnLetters(column)})` })
    else if (seen.has(key)) {
      reading.faults.push(fault('columnDuplicate', names, column))
      reading.item.extra.push({ column, name: `${(names[column] ?? '').trim()} (${columnLetters(column)})` })
    } else take(reading, key, column)
    seen.add(key)
  })
  return conclude(reading, templateVersion(seen, reading, v3))
}

function emptyRate(none: number): RateColumns {
  return {
    dollar: none,
    percentage: none,
    algorithm: none,
    estimated: none,
    median: none,
    percentile10: none,
    percentile90: none,
    count: none,
    methodology: none,
    notes: none,
  }
}

function fault(rule: RuleName, names: string[], column: number): Fault {
  const name = names[column] ?? ''
  return {
    rule,
    place: {
      row: 3,
      column,
      columnName: name,
      cell: `${columnLetters(column)}3`,
      fill: { name: name.trim() },
    },
  }
}

function take(reading: Reading, key: string, column: number): void {
  const { item, tall } = reading
  const parts = key.split('|')
  const itemKey = itemKeys.get(key)
  const tallKind =
    parts.length === 2 && parts[0] === 'standard_charge' ? rateKinds.get(parts[1] ?? '') : otherKinds.get(key)
  if (itemKey) item[itemKey] = column
  else if (key === 'payer_name') tall.payer = column
  else if (key === 'plan_name') tall.plan = column
  else if (tallKind) tall.rate[tallKind] = column
  else if (parts[0] === 'code' && takeCode(reading, parts, column)) return
  else if (takePayer(reading, parts, column)) return
  else item.extra.push({ column, name: (reading.names[column] ?? '').trim() })
}

/** `code|1`, `code|1|type`. */
function takeCode({ item, names, none, faults }: Reading, parts: string[], column: number): boolean {
  const isType = parts.length === 3 && parts[2] === 'type'
  if (parts.length !== 2 && !isType) return false
  if (parts[1] === '[i]') faults.push(fault('columnPlaceholder', names, column))
  const index = Number((parts[1] ?? '').replaceAll(/\D/g, '')) - 1
  if (!(index >= 0 && index < 100)) return false
  while (item.codes.length <= index) item.codes.push({ code: none, type: none })
  const pair = item.codes[index]
  if (pair) pair[isType ? 'type' : 'code'] = column
  return true
}

/** `standard_charge|payer|plan|negotiated_dollar`, `median_amount|payer|plan`, and both without their plan. */
function takePayer(reading: Reading, parts: string[], column: number): boolean {
  const first = parts[0] ?? ''
  const last = parts.at(-1) ?? ''
  const charge = first === 'standard_charge' && parts.length >= 3
  const kind = charge ? rateKinds.get(last) : parts.length >= 2 ? otherKinds.get(first) : undefined
  if (!kind) return false
  const written = (reading.names[column] ?? '').split('|').map(part => part.trim())
  const [payer = '', ...plan] = charge ? written.slice(1, -1) : written.slice(1)
  if (/^\[payer_name\]$/i.test(payer) || plan.some(part => /^\[plan_name\]$/i.test(part))) {
    reading.faults.push(fault('columnPlaceholder', reading.names, column))
    return false
  }
  const planName = plan.length === 0 ? null : plan.join('|')
  const group = payerGroup(reading, payer, planName)
  if (group.payer !== payer || group.plan !== planName)
    reading.faults.push(fault('payerColumnCase', reading.names, column))
  if (planName === null) reading.faults.push(fault('payerColumnWithoutPlan', reading.names, column))
  group[kind] = column
  return true
}

function payerGroup({ payers, none }: Reading, payer: string, plan: string | null): PayerColumns {
  const key = `${payer}|${plan === null ? '' : `|${plan}`}`.toLowerCase()
  const known = payers.get(key)
  if (known) return known
  const group = { payer, plan, ...emptyRate(none) }
  payers.set(key, group)
  return group
}

/** By columns and headers, never by the version cell: 2.1 and 2.2 files are told to write 2.0.0 there. */
function templateVersion(keys: Set<string>, { payers, tall, none }: Reading, v3: boolean): TemplateVersion {
  const rates = [tall.rate, ...payers.values()]
  const some = (kind: keyof RateColumns) => rates.some(rate => rate[kind] !== none)
  if (v3 || some('median') || some('percentile10') || some('percentile90') || some('count')) return '3.0'
  const all = [...keys]
  if (all.some(key => key.endsWith('|negotiated_percent') || key.endsWith('|contracting_method')))
    return '1.1'
  const of22 = ['modifiers', 'drug_unit_of_measurement', 'drug_type_of_measurement']
  return some('estimated') || of22.some(key => keys.has(key)) ? '2.2' : '2.1'
}

function conclude(reading: Reading, version: TemplateVersion): DataColumns | Unreadable {
  const { item, tall, none, names, faults } = reading
  const isTall = tall.payer !== none && tall.plan !== none
  const isWide = reading.payers.size > 0
  if (isTall === isWide)
    return { layout: undefined, faults: [...faults, unclear, ...missing(reading, version, undefined)] }
  const layout = isTall ? 'tall' : 'wide'
  const lacking = missing(reading, version, layout)
  const needed = new Set(['description', 'code|1'])
  if (lacking.some(({ place }) => needed.has(place.columnName ?? '')))
    return { layout: undefined, faults: [...faults, ...lacking] }
  faults.push(...lacking)
  for (const { column } of item.extra.filter(({ name }) => !/\([A-Z]+\)$|^\(column/.test(name)))
    faults.push(fault('columnUnknown', names, column))
  const shared = { ...item, names, none, version, faults }
  if (layout === 'tall') return { ...shared, layout, ...tall }
  return { ...shared, layout, payers: [...reading.payers.values()] }
}

const unclear: Fault = { rule: 'layoutUnclear', place: { row: 3, cell: 'row 3' } }

/** The columns of the template that row 3 lacks. A payer column without its plan counts against no list. */
function missing(reading: Reading, version: TemplateVersion, layout: 'tall' | 'wide' | undefined): Fault[] {
  const v3 = version === '3.0'
  const keys = new Set(reading.keys)
  const codes = Math.max(1, reading.item.codes.length)
  const wanted = [
    'description',
    'setting',
    'standard_charge|gross',
    'standard_charge|discounted_cash',
    'standard_charge|min',
    'standard_charge|max',
    'additional_generic_notes',
    ...Array.from({ length: codes }, (_, index) => [`code|${index + 1}`, `code|${index + 1}|type`]).flat(),
    ...(v3 || version === '2.2' ? ['drug_unit_of_measurement', 'drug_type_of_measurement', 'modifiers'] : []),
  ]
  const kinds = rateKindsOf(version)
  if (layout === 'tall')
    wanted.push(
      'payer_name',
      'plan_name',
      ...kinds.filter(kind => kind !== 'additional_payer_notes').map(tallName),
    )
  const lacking = wanted.filter(key => !keys.has(key)).map(columnMissing)
  if (layout !== 'wide') return lacking
  for (const group of reading.payers.values()) {
    for (const kind of kinds) {
      if (group[kindOf(kind)] !== reading.none) continue
      const name = wideName(kind, group)
      lacking.push(
        group.plan === null
          ? { rule: 'payerColumnsIncomplete', place: { row: 3, cell: 'row 3', fill: { name } } }
          : columnMissing(name),
      )
    }
  }
  return lacking
}

function columnMissing(name: string): Fault {
  return { rule: 'columnMissing', place: { row: 3, cell: 'row 3', columnName: name, fill: { name } } }
}

function rateKindsOf(version: TemplateVersion): string[] {
  const charge =
    version === '1.1'
      ? ['negotiated_dollar', 'negotiated_percent', 'contracting_method']
      : [
          'negotiated_dollar',
          'negotiated_percentage',
          'negotiated_algorithm',
          'methodology',
          'additional_payer_notes',
        ]
  const amounts = version === '3.0' ? ['median_amount', '10th_percentile', '90th_percentile', 'count'] : []
  return [...charge, ...(version === '2.2' ? ['estimated_amount'] : []), ...amounts]
}

function kindOf(name: string): keyof RateColumns {
  return rateKinds.get(name) ?? otherKinds.get(name) ?? 'notes'
}

function tallName(kind: string): string {
  return rateKinds.has(kind) ? `standard_charge|${kind}` : kind
}

function wideName(kind: string, { payer, plan }: PayerColumns): string {
  const pair = plan === null ? payer : `${payer}|${plan}`
  return rateKinds.has(kind) ? `standard_charge|${pair}|${kind}` : `${kind}|${pair}`
}
