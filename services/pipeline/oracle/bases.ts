/** Small valid files of every template and layout: what the generated ones start from. */
import { affirmation, attestation } from '../layout/general.ts'

export type Template = '2.1' | '2.2' | '3.0'
export type Sheet = string[][]

/** Cells of a row by header; absent is blank. */
type Cells = Record<string, string>

const money = (kind: string) => `standard_charge|${kind}`

export function csvBase(template: Template, layout: 'tall' | 'wide'): Sheet {
  const headers = layout === 'tall' ? tallHeaders(template) : wideHeaders(template)
  const rows = layout === 'tall' ? tallRows(template) : wideRows(template)
  const general = generalCells(template)
  return [
    Object.keys(general),
    Object.values(general),
    headers,
    ...rows.map(cells => headers.map(header => cells[header] ?? '')),
  ]
}

function generalCells(template: Template): Cells {
  const v3 = template === '3.0'
  return {
    hospital_name: 'Test Hospital',
    last_updated_on: '2026-04-01',
    version: v3 ? '3.0.0' : '2.0.0',
    [v3 ? 'location_name' : 'hospital_location']: 'North|South',
    hospital_address: '1 Main St, Austin, TX',
    'license_number|TX': '123',
    ...(v3 && { type_2_npi: '1234567893', attester_name: 'A Person' }),
    [v3 ? attestation : affirmation]: 'true',
  }
}

function itemHeaders(template: Template): string[] {
  const drug = ['modifiers', 'drug_unit_of_measurement', 'drug_type_of_measurement']
  return [
    'description',
    'code|1',
    'code|1|type',
    'code|2',
    'code|2|type',
    'setting',
    ...(template === '2.1' ? [] : drug),
    money('gross'),
    money('discounted_cash'),
    money('min'),
    money('max'),
    'additional_generic_notes',
  ]
}

const kinds = ['negotiated_dollar', 'negotiated_percentage', 'negotiated_algorithm', 'methodology']

function amounts(template: Template): string[] {
  if (template === '2.1') return []
  return template === '2.2'
    ? ['estimated_amount']
    : ['median_amount', '10th_percentile', '90th_percentile', 'count']
}

function tallHeaders(template: Template): string[] {
  return [...itemHeaders(template), 'payer_name', 'plan_name', ...kinds.map(money), ...amounts(template)]
}

const pairs = ['Acme|PPO', 'Beta, Inc.|HMO [12]']

function wideHeaders(template: Template): string[] {
  const others = [...amounts(template), 'additional_payer_notes']
  return [
    ...itemHeaders(template),
    ...pairs.flatMap(pair => [
      ...kinds.map(kind => `standard_charge|${pair}|${kind}`),
      ...others.map(kind => `${kind}|${pair}`),
    ]),
  ]
}

const item: Cells = {
  description: 'MRI of brain',
  'code|1': '70551',
  'code|1|type': 'CPT',
  setting: 'outpatient',
  [money('gross')]: '1200.00',
  [money('discounted_cash')]: '1080',
}
const bounds: Cells = { [money('min')]: '250', [money('max')]: '.5' }
const drug: Cells = { drug_unit_of_measurement: '2.5', drug_type_of_measurement: 'ML' }
const codes: Cells = { 'code|1': '0123-4567-89', 'code|1|type': 'NDC', 'code|2': '250', 'code|2|type': 'RC' }

/** The amounts that a percentage asks for. */
function derived(template: Template, count: string): Cells {
  if (template === '2.1') return {}
  if (template === '2.2') return { estimated_amount: '321.5' }
  const known = { median_amount: '100', '10th_percentile': '90', '90th_percentile': '110.25' }
  return count === '0' ? { count } : { count, ...known }
}

type Rate = {
  dollar?: string
  percentage?: string
  algorithm?: string
  methodology: string
  notes?: string
  count?: string
}

const rates: Rate[] = [
  { dollar: '400.10', methodology: 'fee schedule' },
  { percentage: '70.5', methodology: 'percent of total billed charges', count: '12' },
  { algorithm: 'see contract', methodology: 'other', notes: 'by contract', count: '1 through 10' },
  { dollar: '5.', percentage: '33', methodology: 'Case Rate', notes: 'none seen', count: '0' },
]

function rateCells(template: Template, { dollar, percentage, algorithm, methodology, count }: Rate): Cells {
  return {
    negotiated_dollar: dollar ?? '',
    negotiated_percentage: percentage ?? '',
    negotiated_algorithm: algorithm ?? '',
    methodology,
    ...(count && derived(template, count)),
  }
}

function tallRows(template: Template): Cells[] {
  const payer = { payer_name: 'Acme', plan_name: 'PPO' }
  const priced = rates.map(rate => {
    const cells = rateCells(template, rate)
    const named = Object.entries(cells).map(([kind, value]) => [
      kinds.includes(kind) ? money(kind) : kind,
      value,
    ])
    return {
      ...item,
      ...bounds,
      ...payer,
      ...Object.fromEntries(named),
      additional_generic_notes: rate.notes ?? '',
    }
  })
  return [...priced, ...otherRows(template)]
}

/** Rows without payers: an item, a drug, a modifier. */
function otherRows(template: Template): Cells[] {
  const plain = [item, { ...item, 'code|2': '0611', 'code|2|type': 'rc', setting: 'BOTH' }]
  if (template === '2.1') return plain
  const modifier = {
    description: 'Bilateral',
    modifiers: '50|62',
    setting: 'both',
    additional_generic_notes: '150 %',
  }
  return [...plain, { ...item, ...codes, ...drug }, modifier]
}

function wideRows(template: Template): Cells[] {
  const priced = rates.map((rate, at) => {
    const cells: Cells = { ...item, ...bounds }
    for (const [index, pair] of pairs.entries()) {
      const mine = rates[(at + index) % rates.length] ?? rate
      for (const [kind, value] of Object.entries(rateCells(template, mine)))
        cells[kinds.includes(kind) ? `standard_charge|${pair}|${kind}` : `${kind}|${pair}`] = value
      cells[`additional_payer_notes|${pair}`] = mine.notes ?? ''
    }
    return cells
  })
  return [...priced, ...otherRows(template)]
}

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json }
export type JsonObject = { [key: string]: Json }

export function jsonBase(template: Template): JsonObject {
  const v3 = template === '3.0'
  return {
    hospital_name: 'Test Hospital',
    last_updated_on: '2026-04-01',
    version: v3 ? '3.0.0' : template === '2.1' ? '2.1.0' : '2.2.0',
    [v3 ? 'location_name' : 'hospital_location']: ['North', 'South'],
    hospital_address: ['1 Main St'],
    license_information: { license_number: '123', state: 'TX' },
    ...(v3
      ? {
          type_2_npi: ['1234567893'],
          attestation: { attestation, confirm_attestation: true, attester_name: 'A Person' },
        }
      : { affirmation: { affirmation, confirm_affirmation: true } }),
    ...(template !== '2.1' && { modifier_information: [modifierInformation(v3)] }),
    standard_charge_information: jsonItems(template),
  }
}

function modifierInformation(v3: boolean): JsonObject {
  const payers = [{ payer_name: 'Acme', plan_name: 'PPO', description: '150 %' }]
  return {
    code: '50',
    description: 'Bilateral',
    ...(v3 && { setting: 'both' }),
    modifier_payer_information: payers,
  }
}

function jsonItems(template: Template): JsonObject[] {
  const payers = rates.map(rate => ({ payer_name: 'Acme', plan_name: 'PPO', ...jsonRate(template, rate) }))
  const charge = {
    setting: 'outpatient',
    gross_charge: 1200,
    discounted_cash: 1080.5,
    minimum: 0.5,
    maximum: 400.1,
  }
  const full = {
    ...charge,
    additional_generic_notes: 'a note',
    ...(template === '3.0' && { modifier_code: ['26'], billing_class: 'facility' }),
    payers_information: payers,
  }
  const drugItem = { unit: template === '3.0' ? 2.5 : '2.5', type: 'ML' }
  return [
    {
      description: 'MRI of brain',
      code_information: [
        { code: '70551', type: 'CPT' },
        { code: '0611', type: 'RC' },
      ],
      standard_charges: [full, { setting: 'both', discounted_cash: 7 }],
    },
    {
      description: 'Aspirin',
      ...(template !== '2.1' && { drug_information: drugItem }),
      code_information: [{ code: '0123-4567-89', type: template === '2.1' ? 'CDM' : 'NDC' }],
      standard_charges: [
        { setting: 'inpatient', minimum: 1, maximum: 2, payers_information: payers.slice(0, 2) },
      ],
    },
  ]
}

function jsonRate(
  template: Template,
  { dollar, percentage, algorithm, methodology, notes, count }: Rate,
): JsonObject {
  const more = Object.entries(count ? derived(template, count) : {})
  return {
    ...(dollar && { standard_charge_dollar: Number(dollar) }),
    ...(percentage && { standard_charge_percentage: Number(percentage) }),
    ...(algorithm && { standard_charge_algorithm: algorithm }),
    methodology: methodology.toLowerCase(),
    ...(notes && { additional_payer_notes: notes }),
    ...Object.fromEntries(more.map(([key, value]) => [key, key === 'count' ? value : Number(value)])),
  }
}
