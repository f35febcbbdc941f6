/** What row 3 lacks of its template. */
import type { TemplateVersion } from '../rules/catalogue.ts'
import {
  type Fault,
  hasFormerName,
  type ItemColumns,
  otherKinds,
  type PayerColumns,
  type RateColumns,
  rateKinds,
} from './csv-column-names.ts'

/** Row 3 while it is read. */
export type Reading = {
  names: string[]
  keys: string[]
  none: number
  item: ItemColumns
  tall: { payer: number; plan: number; rate: RateColumns }
  payers: Map<string, PayerColumns>
  faults: Fault[]
}

/** The columns of the template that row 3 lacks. A payer column without its plan counts against no list. */
export function missingColumns(
  reading: Reading,
  version: TemplateVersion,
  layout: 'tall' | 'wide' | undefined,
): Fault[] {
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
      if (isNamed(reading, version, group[kindOf(kind)])) continue
      const name = wideName(kind, group)
      lacking.push(
        !group.official
          ? { rule: 'payerColumnsIncomplete', place: { row: 3, cell: 'row 3', fill: { name } } }
          : columnMissing(name),
      )
    }
  }
  return lacking
}

/** Whether there is such a column, under a name that the template knows: what 1.1 called it is none of the templates since. */
export function isNamed({ keys, none }: Reading, version: TemplateVersion, column: number): boolean {
  return column !== none && (version === '1.1' || !hasFormerName(keys[column]))
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
