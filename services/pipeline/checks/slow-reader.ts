/**
 * Another reading of price files, written to be plainly right and not fast: whole file in memory, strings, csv-parse and JSON.parse.
 * It shares nothing with the pipeline's readers; what both see of a file must be equal (shared-checks.ts).
 */
import { readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import { parse } from 'csv-parse/sync'

/** What a file holds, each list in no order that matters. Parts of a line are separated by `separator`. */
export type Slow = {
  /** `row, payer, plan, dollar, percentage, algorithm, median, 10th, 90th, count, methodology, notes, gross, cash, min, max`. */
  rates: string[]
  /**
   * A line for each row of a CSV and each charge of a JSON, modifiers apart: `row, description, codes, drug unit, drug type,
   * setting, billing class, modifiers, gross, cash, min, max`.
   */
  charges: string[]
  /** Populated cells (JSON: members) of amounts and percentages, wherever they stand. */
  cells: number
}

export const separator = '\u241f'

const nothing = '∅'
const shown = (value: unknown): string => {
  const text = value === undefined || value === null ? '' : String(value).trim()
  return text === '' ? nothing : text
}

/**
 * A number's value as text without what does not change it: `1.0`, `01`, `1.` and `1` are one. A word in a cell of
 * numbers (file 19 has "Per Diem" in six) is no number; the pipeline reports the cell and leaves it out.
 */
export function decimal(value: unknown): string {
  const text = /\d/.test(shown(value)) ? shown(value) : nothing
  const match = /^(\d*)\.?(\d*)$/.exec(text)
  if (text === nothing || !match) return text
  const whole = (match[1] ?? '').replace(/^0+(?=\d)/, '') || '0'
  const fraction = (match[2] ?? '').replace(/0+$/, '')
  return fraction === '' ? whole : `${whole}.${fraction}`
}

export function slowReading(path: string): Slow {
  const bytes = readFileSync(path)
  const plain = path.endsWith('.gz') ? gunzipSync(bytes) : bytes
  const text = decode(plain).replace(/^\ufeff/, '')
  return text.trimStart().startsWith('{') ? jsonReading(text) : csvReading(text)
}

function decode(bytes: Buffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    return new TextDecoder('windows-1252').decode(bytes)
  }
}

const amountKinds = ['gross', 'discounted_cash', 'min', 'max']

function csvReading(text: string): Slow {
  const options = { relax_column_count: true, relax_quotes: true, record_delimiter: ['\r\n', '\n'] }
  const parsed = parse(text, options) as string[][]
  const [, , header = [], ...data] = parsed.map(cells => cells.map(withoutStrayQuotes))
  const names = header.map(name => name.split('|').map(part => part.trim()))
  const keys = names.map(parts => parts.join('|').toLowerCase())
  const codes = keys.flatMap((key, column) =>
    /^code\|\d+$/.test(key) ? [{ column, type: keys.indexOf(`${key}|type`) }] : [],
  )
  const priced = keys.flatMap((key, column) => (isPrice(key) ? [column] : []))
  const found: Slow = { rates: [], charges: [], cells: 0 }
  data.forEach((cells, index) => {
    const row = index + 4
    const at = (key: string) => cells[keys.indexOf(key)]
    for (const column of priced) if (shown(cells[column]) !== nothing) found.cells++
    const amounts = amountKinds.map(kind => decimal(at(`standard_charge|${kind}`)))
    const given = codes.filter(({ column }) => shown(cells[column]) !== nothing)
    const named = codes.some(({ type }) => shown(cells[type]) !== nothing)
    if (cells.every(cell => shown(cell) === nothing)) return
    if (
      given.length === 0 &&
      !named &&
      shown(at('modifiers')) !== nothing &&
      amounts.every(value => value === nothing)
    )
      return
    for (const rate of keys.includes('payer_name') ? [tallRate(at)] : wideRates(names, cells)) {
      if (rate) found.rates.push([row, ...rate, ...amounts].join(separator))
    }
    const item = [
      shown(at('description')),
      given.map(({ column, type }) => `${shown(cells[type])} ${shown(cells[column])}`).join(),
      decimal(at('drug_unit_of_measurement')),
      shown(at('drug_type_of_measurement')),
    ]
    const context = [shown(at('setting')), shown(at('billing_class')), modifierList(at('modifiers'))]
    found.charges.push(lineOf([row, ...item, ...context, ...amounts]))
  })
  return found
}

/** csv-parse leaves the quotes around a cell that holds a single one: `"dressing 4"x 10" (258 sq cm)"`. */
function withoutStrayQuotes(cell: string): string {
  return /^".*".*"$/s.test(cell) ? cell.slice(1, -1) : cell
}

/** Words of the dictionary are kept in its spelling, so case says nothing. */
function lineOf(parts: (string | number)[]): string {
  return parts.join(separator).toLowerCase()
}

function modifierList(value: unknown): string {
  const parts = Array.isArray(value) ? value.map(String) : shown(value).split(/[|,]/)
  return (
    parts
      .map(part => part.trim())
      .filter(part => part !== '' && part !== nothing)
      .join('|') || nothing
  )
}

/** Whether a column holds amounts or percentages. */
function isPrice(key: string): boolean {
  return (
    /^standard_charge\|(.*\|)?(gross|discounted_cash|min|max|negotiated_dollar|negotiated_percent(age)?)$/.test(
      key,
    ) || /^(estimated_amount|median_amount|10th_percentile|90th_percentile)(\||$)/.test(key)
  )
}

type At = (key: string) => string | undefined

function tallRate(at: At): string[] | undefined {
  const charge = (kind: string) => at(`standard_charge|${kind}`)
  const percentage = charge('negotiated_percentage') ?? charge('negotiated_percent')
  const methodology = charge('methodology') ?? charge('contracting_method')
  if (
    [charge('negotiated_dollar'), percentage, charge('negotiated_algorithm')].every(
      value => shown(value) === nothing,
    )
  )
    return undefined
  return rateOf(at('payer_name'), at('plan_name'), {
    dollar: charge('negotiated_dollar'),
    percentage,
    algorithm: charge('negotiated_algorithm'),
    median: at('median_amount'),
    low: at('10th_percentile'),
    high: at('90th_percentile'),
    count: at('count'),
    methodology,
    notes: at('additional_generic_notes'),
  })
}

type Values = Partial<
  Record<
    'dollar' | 'percentage' | 'algorithm' | 'median' | 'low' | 'high' | 'count' | 'methodology' | 'notes',
    unknown
  >
>

function rateOf(payer: unknown, plan: unknown, values: Values): string[] {
  return [
    shown(payer),
    shown(plan),
    decimal(values.dollar),
    decimal(values.percentage),
    shown(values.algorithm),
    decimal(values.median),
    decimal(values.low),
    decimal(values.high),
    shown(values.count),
    shown(values.methodology).toLowerCase(),
    shown(values.notes),
  ]
}

const chargeKinds: Record<string, keyof Values> = {
  negotiated_dollar: 'dollar',
  negotiated_percentage: 'percentage',
  negotiated_algorithm: 'algorithm',
  methodology: 'methodology',
}
const otherKinds: Record<string, keyof Values> = {
  median_amount: 'median',
  '10th_percentile': 'low',
  '90th_percentile': 'high',
  count: 'count',
  additional_payer_notes: 'notes',
}

function wideRates(names: string[][], cells: string[]): string[][] {
  const groups = new Map<string, { payer: string; plan: string | undefined; values: Values }>()
  names.forEach((parts, column) => {
    const first = (parts[0] ?? '').toLowerCase()
    const isCharge = first === 'standard_charge' && parts.length >= 3
    const kind = isCharge
      ? chargeKinds[(parts.at(-1) ?? '').toLowerCase()]
      : parts.length >= 2
        ? otherKinds[first]
        : undefined
    if (!kind) return
    const [payer = '', ...plan] = isCharge ? parts.slice(1, -1) : parts.slice(1)
    const key = JSON.stringify([payer, ...plan]).toLowerCase()
    const group = groups.get(key) ?? {
      payer,
      plan: plan.length === 0 ? undefined : plan.join('|'),
      values: {},
    }
    groups.set(key, group)
    group.values[kind] = cells[column]
  })
  return [...groups.values()]
    .filter(({ values }) =>
      [values.dollar, values.percentage, values.algorithm].some(value => shown(value) !== nothing),
    )
    .map(({ payer, plan, values }) => rateOf(payer, plan, values))
}

type JsonCharge = Record<string, unknown> & { payers_information?: Record<string, unknown>[] }

type JsonItem = {
  description?: unknown
  code_information?: { code?: unknown; type?: unknown }[]
  billing_code_information?: { code?: unknown; type?: unknown }[]
  drug_information?: { unit?: unknown; type?: unknown }
  standard_charges?: JsonCharge[]
}

const priceKeys = new Set([
  'gross_charge',
  'discounted_cash',
  'minimum',
  'maximum',
  'standard_charge',
  'standard_charge_dollar',
  'standard_charge_percentage',
  'standard_charge_percent',
  'estimated_amount',
  'median_amount',
  '10th_percentile',
  '90th_percentile',
])
const pricesIn = (members: object) =>
  Object.entries(members).filter(([key, value]) => priceKeys.has(key) && shown(value) !== nothing).length

function jsonReading(text: string): Slow {
  // The digits of numbers as they stand: a number becomes a string before JSON.parse could round it.
  const exact = text.replaceAll(/"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g, token =>
    token.startsWith('"') ? token : `"${token}"`,
  )
  const items = (JSON.parse(exact) as { standard_charge_information: JsonItem[] }).standard_charge_information
  const found: Slow = { rates: [], charges: [], cells: 0 }
  items.forEach((item, index) => {
    const codes = item.code_information ?? item.billing_code_information ?? []
    const facts = [
      shown(item.description),
      codes.map(({ code, type }) => `${shown(type)} ${shown(code)}`).join(),
      decimal(item.drug_information?.unit),
      shown(item.drug_information?.type),
    ]
    for (const charge of item.standard_charges ?? []) readCharge(found, index + 1, facts, charge)
  })
  return found
}

function readCharge(found: Slow, row: number, item: string[], charge: JsonCharge): void {
  const amounts = [charge.gross_charge, charge.discounted_cash, charge.minimum, charge.maximum].map(decimal)
  const modifiers = modifierList(charge.modifier_code ?? charge.modifiers)
  found.charges.push(
    lineOf([row, ...item, shown(charge.setting), shown(charge.billing_class), modifiers, ...amounts]),
  )
  found.cells += pricesIn(charge)
  for (const payer of charge.payers_information ?? []) {
    found.cells += pricesIn(payer)
    const values: Values = {
      dollar: payer.standard_charge_dollar ?? payer.standard_charge,
      percentage: payer.standard_charge_percentage ?? payer.standard_charge_percent,
      algorithm: payer.standard_charge_algorithm,
      median: payer.median_amount,
      low: payer['10th_percentile'],
      high: payer['90th_percentile'],
      count: payer.count,
      methodology: payer.methodology ?? payer.contracting_method,
      notes: payer.additional_payer_notes,
    }
    if ([values.dollar, values.percentage, values.algorithm].every(value => shown(value) === nothing))
      continue
    found.rates.push([row, ...rateOf(payer.payer_name, payer.plan_name, values), ...amounts].join(separator))
  }
}
