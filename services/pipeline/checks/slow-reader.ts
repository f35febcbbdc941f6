/**
 * Another reading of price files, written to be plainly right and not fast: whole file in memory, strings, JSON.parse.
 * It shares nothing with the pipeline's readers; what both see of a file must be equal (shared-checks.ts).
 */
import { readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'

/** `row, payer, plan, dollar, percentage, algorithm, median, 10th, 90th, count, methodology, notes, gross, cash, min, max`. */
export type SlowRate = string

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

export function slowRates(path: string): SlowRate[] {
  const bytes = readFileSync(path)
  const plain = path.endsWith('.gz') ? gunzipSync(bytes) : bytes
  const text = decode(plain).replace(/^\ufeff/, '')
  return text.trimStart().startsWith('{') ? jsonRates(text) : csvRates(text)
}

function decode(bytes: Buffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    return new TextDecoder('windows-1252').decode(bytes)
  }
}

function csvRates(text: string): SlowRate[] {
  const [, , header = [], ...data] = parseCsv(text)
  const names = header.map(name => name.split('|').map(part => part.trim()))
  const keys = names.map(parts => parts.join('|').toLowerCase())
  const rates: SlowRate[] = []
  data.forEach((cells, index) => {
    const at = (key: string) => cells[keys.indexOf(key)]
    const charge = [
      'standard_charge|gross',
      'standard_charge|discounted_cash',
      'standard_charge|min',
      'standard_charge|max',
    ].map(key => decimal(at(key)))
    const hasCode = keys.some((key, column) => /^code\|\d+/.test(key) && shown(cells[column]) !== nothing)
    if (!hasCode && shown(at('modifiers')) !== nothing && charge.every(value => value === nothing)) return
    for (const rate of keys.includes('payer_name') ? [tallRate(at)] : wideRates(names, cells)) {
      if (rate) rates.push([index + 4, ...rate, ...charge].join('\u241f'))
    }
  })
  return rates
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

function jsonRates(text: string): SlowRate[] {
  // The digits of numbers as they stand: a number becomes a string before JSON.parse could round it.
  const exact = text.replaceAll(/"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g, token =>
    token.startsWith('"') ? token : `"${token}"`,
  )
  const items = (JSON.parse(exact) as { standard_charge_information: { standard_charges?: JsonCharge[] }[] })
    .standard_charge_information
  return items.flatMap((item, index) =>
    (item.standard_charges ?? []).flatMap(charge => {
      const amounts = [charge.gross_charge, charge.discounted_cash, charge.minimum, charge.maximum].map(
        decimal,
      )
      return (charge.payers_information ?? []).flatMap(payer => {
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
          return []
        return [[index + 1, ...rateOf(payer.payer_name, payer.plan_name, values), ...amounts].join('\u241f')]
      })
    }),
  )
}

/** RFC 4180, by the book. */
function parseCsv(text: string): string[][] {
  const records: string[][] = []
  let record: string[] = []
  let cell = ''
  let quoted = false
  for (let at = 0; at < text.length; at++) {
    const letter = text[at] ?? ''
    if (quoted) {
      if (letter !== '"') cell += letter
      else if (text[at + 1] === '"') cell += text[++at]
      else quoted = false
    } else if (letter === '"' && cell === '') quoted = true
    else if (letter === ',' || letter === '\n') {
      record.push(cell.replace(/\r$/, ''))
      cell = ''
      if (letter === '\n') {
        records.push(record)
        record = []
      }
    } else cell += letter
  }
  if (cell !== '' || record.length > 0) records.push([...record, cell])
  return records
}
