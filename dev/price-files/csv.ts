/** The two CSV layouts of CMS template 3.0. */
import { attestation, type Hospital } from './hospital.ts'
import type { Item, Rate } from './items.ts'
import type { Plan } from './plans.ts'

/** A cell, quoted where it must be. */
function cell(text: string): string {
  return /[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}

const codePairs = 3
const itemHeaders = [
  'description',
  ...Array.from({ length: codePairs }, (_, pair) => [`code|${pair + 1}`, `code|${pair + 1}|type`]).flat(),
  'modifiers',
  'setting',
  'drug_unit_of_measurement',
  'drug_type_of_measurement',
  'standard_charge|gross',
  'standard_charge|discounted_cash',
]

function itemCells({
  description,
  codes,
  modifiers,
  setting,
  drugUnit,
  drugType,
  gross,
  cash,
}: Item): string {
  let text = cell(description)
  for (let pair = 0; pair < codePairs; pair++)
    text += `,${codes[pair]?.code ?? ''},${codes[pair]?.type ?? ''}`
  return `${text},${modifiers},${setting},${drugUnit},${drugType},${gross},${cash}`
}

function head({ name, address, licence, state, npi, attester }: Hospital, headers: string[]): string {
  const names = [
    'hospital_name',
    'last_updated_on',
    'version',
    'location_name',
    'hospital_address',
    `license_number|${state}`,
    'type_2_npi',
    attestation,
    'attester_name',
  ]
  const values = [name, '2026-04-01', '3.0.0', name, address, licence, npi, 'TRUE', attester]
  const padding = ','.repeat(Math.max(0, headers.length - names.length))
  return `${names.map(cell).join(',')}${padding}\n${values.map(cell).join(',')}${padding}\n${headers.map(cell).join(',')}\n`
}

export type CsvLayout = { head: string; item(item: Item): string }

/** One row per item and plan. */
export function tallLayout(hospital: Hospital, plans: Plan[]): CsvLayout {
  const headers = [
    ...itemHeaders,
    'payer_name',
    'plan_name',
    'standard_charge|negotiated_dollar',
    'standard_charge|negotiated_percentage',
    'standard_charge|negotiated_algorithm',
    'median_amount',
    '10th_percentile',
    '90th_percentile',
    'count',
    'standard_charge|methodology',
    'standard_charge|min',
    'standard_charge|max',
    'additional_generic_notes',
  ]
  const named = plans.map(({ payer, plan }) => `,${cell(payer)},${cell(plan)},`)
  return {
    head: head(hospital, headers),
    item(item) {
      const first = itemCells(item)
      const bounds = `,${item.minimum},${item.maximum},`
      if (item.rates.length === 0) return `${first}${',,,,,,,,,'},${bounds}${cell(item.notes)}\n`
      let text = ''
      for (const rate of item.rates)
        text += `${first}${named[rate.plan] ?? ''}${amounts(rate)}${bounds}${cell(rate.notes || item.notes)}\n`
      return text
    },
  }
}

function amounts({ dollar, percentage, algorithm, median, low, high, count, methodology }: Rate): string {
  return `${dollar},${percentage},${cell(algorithm)},${median},${low},${high},${count},${methodology}`
}

/** One row per item, nine columns per plan: 141 plans make 1,285 columns. */
export function wideLayout(hospital: Hospital, plans: Plan[]): CsvLayout {
  const headers = [
    ...itemHeaders,
    ...plans.flatMap(({ payer, plan }) => [
      `standard_charge|${payer}|${plan}|negotiated_dollar`,
      `standard_charge|${payer}|${plan}|negotiated_percentage`,
      `standard_charge|${payer}|${plan}|negotiated_algorithm`,
      `median_amount|${payer}|${plan}`,
      `10th_percentile|${payer}|${plan}`,
      `90th_percentile|${payer}|${plan}`,
      `count|${payer}|${plan}`,
      `standard_charge|${payer}|${plan}|methodology`,
      `additional_payer_notes|${payer}|${plan}`,
    ]),
    'standard_charge|min',
    'standard_charge|max',
    'additional_generic_notes',
  ]
  const blank = ',,,,,,,,,'
  return {
    head: head(hospital, headers),
    item(item) {
      let text = itemCells(item)
      let next = 0
      for (const rate of item.rates) {
        text += `${blank.repeat(rate.plan - next)},${amounts(rate)},${cell(rate.notes)}`
        next = rate.plan + 1
      }
      text += blank.repeat(plans.length - next)
      return `${text},${item.minimum},${item.maximum},${cell(item.notes)}\n`
    },
  }
}
