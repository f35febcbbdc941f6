/** Valid sheets with seeded faults: in single cells of the rows, or in the three rows of headers. */
import type { Sheet } from './bases.ts'
import type { Random } from './random.ts'

export const oddValues = [
  '',
  '',
  '',
  'x',
  '0',
  '0.00',
  '00',
  '-1',
  '+1',
  '1e5',
  '$5',
  '1,000',
  '12.',
  '.5',
  '.',
  '5%',
  '(5)',
  '007',
  '999999999',
  '999999999.0',
  '1 through 10',
  '1 Through 10',
  '1 to 10',
  '5',
  '10',
  '11',
  '011',
  '1000',
  'N/A',
  'other',
  'OTHER',
  'Case Rate',
  'barter',
  'INPATIENT',
  'both',
  'ward',
  'NDC',
  'ndc',
  'CMG',
  'MS-LTC-DRG',
  'CPT',
  'cpt4',
  'ML',
  'gr',
  'XX',
  'true',
  ' padded ',
  'a note',
  '\u00a0',
  '=1+1',
  'é',
  'a "quoted" word',
  'two\nlines',
]

/** One to three cells of some rows get a value that is likely to break something. */
export function breakRows(sheet: Sheet, random: Random, rows: number): Sheet {
  const [names = [], given = [], headers = [], ...data] = sheet
  const broken = Array.from({ length: rows }, () => {
    const row = [...random.pick(data)]
    for (let cells = 1 + random.below(3); cells > 0; cells--)
      row[random.below(row.length)] = random.pick(oddValues)
    if (random.chance(0.03)) return row.slice(0, random.below(row.length))
    if (random.chance(0.02)) return row.map(() => '')
    return row
  })
  return [names, given, headers, ...broken]
}

type Change = (cells: string[], at: number, random: Random) => void

const headerChanges: Change[] = [
  (cells, at) => cells.splice(at, 1),
  (cells, at, random) => cells.splice(random.below(cells.length), 0, cells[at] ?? ''),
  (cells, at) => {
    cells[at] = (cells[at] ?? '').toUpperCase()
  },
  (cells, at) => {
    cells[at] = ` ${(cells[at] ?? '').replaceAll('|', ' |  ')} `
  },
  (cells, at) => {
    cells[at] = ''
  },
  (cells, at) => {
    cells[at] = `${cells[at] ?? ''}s`
  },
  (cells, at) => {
    cells[at] = (cells[at] ?? '').replaceAll('|', '_')
  },
  (cells, at) => {
    cells[at] = (cells[at] ?? '').replace('_', ' ')
  },
  (cells, _at, random) =>
    cells.push(random.pick(['', 'notes', 'billing_class', 'estimated_amount', 'financial_aid_policy'])),
  (cells, at, random) => {
    const other = random.below(cells.length)
    const [one = '', two = ''] = [cells[at], cells[other]]
    cells[at] = two
    cells[other] = one
  },
]

const headerNames = [
  'license_number|FM',
  'license_number|ZZ',
  'license_number|tx',
  'license_number',
  'license_number|TX|2',
  'License_Number|TX',
  'version',
  'hospital_name',
  'attester_name',
  'hospital_location',
  'location_name',
]
const columnNames = [
  'code|[i]',
  'code|[i]|type',
  'code|3',
  'code|02',
  'code|4|type',
  'code|2|types',
  'code',
  'standard_charge|[payer_name]|[plan_name]|negotiated_dollar',
  'count|[payer_name]|[plan_name]',
  'standard_charge|Acme|negotiated_dollar',
  'median_amount|Acme',
  'standard_charge|ACME|ppo|methodology',
  'standard_charge|Gamma|EPO|negotiated_algorithm',
  'additional_payer_notes|Gamma|EPO',
  'estimated_amount|Acme|PPO',
  'estimated_amount',
  'standard_charge|a|b|c|negotiated_dollar',
  'payer_name',
  'plan_name',
  'standard_charge|gross',
  'modifiers',
  'additional_payer_notes',
  'standard_charge|contracting_method',
  'standard_charge|Acme|PPO|negotiated_percent',
  '10th_percentile',
  'constructor',
]
const answers = [
  '',
  'false',
  'FALSE',
  'maybe',
  '2026-02-30',
  '4/1/2026',
  '04/01/2026',
  '1/4/26',
  '2026-4-1',
  '3.0.1',
  '2.0.0',
  '3.0.0',
  '2.2.0',
  'x',
]

/** One or two faults in rows 1 to 3; `sheet` is not changed. */
export function breakHeaders(sheet: Sheet, random: Random): Sheet {
  const broken = sheet.map(row => [...row])
  for (let faults = 1 + random.below(2); faults > 0; faults--) {
    const at = random.pick([0, 0, 1, 1, 2, 2, 2])
    const row = broken[at] ?? []
    const column = random.below(Math.max(1, row.length))
    if (at === 1) row[column] = random.pick(answers)
    else if (random.chance(0.3)) row[column] = random.pick(at === 0 ? headerNames : columnNames)
    else random.pick(headerChanges)(row, column, random)
  }
  return broken
}

export function sheetText(sheet: Sheet): string {
  return sheet.map(row => `${row.map(quoted).join(',')}\n`).join('')
}

function quoted(cell: string): string {
  return /[",\r\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell
}

const breakText: ((text: string, random: Random) => string)[] = [
  text => `\ufeff${text}`,
  text => text.replaceAll('\n', '\r\n'),
  (text, random) => text.replaceAll('\n', () => (random.chance(0.5) ? '\r\n' : '\n')),
  text => text.trimEnd(),
  text => `${text}\n\n`,
  (text, random) => text.replaceAll('\n', () => (random.chance(0.2) ? '\n\n' : '\n')),
  (text, random) => text.replaceAll('\n', () => (random.chance(0.2) ? '\n , ,\n' : '\n')),
  text => text.replaceAll('",', '" ,'),
  text => text.replaceAll(',"', ', "'),
  (text, random) => text.replaceAll('\n', () => (random.chance(0.3) ? ',,\n' : '\n')),
  text => text.split('\n').slice(0, 3).join('\n'),
  text => text.split('\n').slice(0, 4).join('\n'),
  (text, random) => text.split('\n').slice(0, random.below(3)).join('\n'),
  text =>
    text
      .split('\n')
      .map((line, at) => (at === 2 ? ',,,' : line))
      .join('\n'),
]

/** A text whose cells are right and whose lines are not as RFC 4180 has them. */
export function breakLines(text: string, random: Random): string {
  return random.pick(breakText)(text, random)
}
