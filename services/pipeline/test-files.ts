/** Small price files for tests, and what reading one gives without a database. */
import { Readable } from 'node:stream'
import { type Kernel, openKernel } from './kernel/kernel.ts'
import { attestation } from './layout/general.ts'
import { Rows } from './load/rows.ts'
import { type TableName, tableColumns, tableNames } from './load/tables.ts'
import { type ReadResult, readFile } from './read/read-file.ts'
import type { Finding, RejectedRow } from './rules/findings.ts'
import { createFindings } from './rules/findings.ts'
import { type ContentLimits, openContent } from './source/content.ts'
import type { Source } from './source/source.ts'
import { ratesOf } from './test-rates.ts'

const generalNames = [
  'hospital_name',
  'last_updated_on',
  'version',
  'location_name',
  'hospital_address',
  'license_number|TX',
  'type_2_npi',
  `"${attestation}"`,
  'attester_name',
]
const generalValues = [
  'Test Hospital',
  '2026-04-01',
  '3.0.0',
  'Test Hospital',
  '"1 Main St, Austin, TX"',
  '123',
  '1234567893',
  'true',
  'A Person',
]

export const tallHeaders =
  'description,code|1,code|1|type,code|2,code|2|type,modifiers,setting,drug_unit_of_measurement,drug_type_of_measurement,standard_charge|gross,standard_charge|discounted_cash,payer_name,plan_name,standard_charge|negotiated_dollar,standard_charge|negotiated_percentage,standard_charge|negotiated_algorithm,median_amount,10th_percentile,90th_percentile,count,standard_charge|methodology,standard_charge|min,standard_charge|max,additional_generic_notes'.split(
    ',',
  )

/** Cells by header name; what is left out is blank. */
export type Cells = Record<string, string>

export const anItem: Cells = {
  description: 'MRI of brain',
  'code|1': '70551',
  'code|1|type': 'CPT',
  setting: 'outpatient',
  'standard_charge|gross': '1200.00',
  'standard_charge|discounted_cash': '1080',
  payer_name: 'Acme',
  plan_name: 'PPO',
  'standard_charge|negotiated_dollar': '400.10',
  'standard_charge|methodology': 'fee schedule',
  'standard_charge|min': '250',
  'standard_charge|max': '400.10',
}

function quoted(cell: string): string {
  return /[",\r\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell
}

export function line(headers: string[], cells: Cells): string {
  return headers.map(name => quoted(cells[name] ?? '')).join(',')
}

export type CsvOptions = { headers?: string[]; hospital?: string; newline?: string; npi?: string }

/** A whole CSV of template 3.0; a row may be given as cells or as its text. */
export function csv(
  rows: (Cells | string)[],
  { headers = tallHeaders, hospital = 'Test Hospital', newline = '\n', npi = '1234567893' }: CsvOptions = {},
): string {
  const values = generalValues.map(value =>
    value === 'Test Hospital' ? quoted(hospital) : value === '1234567893' ? npi : value,
  )
  const body = rows.map(row => (typeof row === 'string' ? row : line(headers, row)))
  return `${[generalNames.join(','), values.join(','), headers.map(quoted).join(','), ...body].join(newline)}${newline}`
}

export function wideHeaders(pairs: string[]): string[] {
  const item = tallHeaders.filter(
    name => !/payer_name|plan_name|negotiated|methodology|median|percentile|count$/.test(name),
  )
  const kinds = pairs.flatMap(pair => [
    ...['negotiated_dollar', 'negotiated_percentage', 'negotiated_algorithm', 'methodology'].map(
      kind => `standard_charge|${pair}|${kind}`,
    ),
    ...['median_amount', '10th_percentile', '90th_percentile', 'count', 'additional_payer_notes'].map(
      kind => `${kind}|${pair}`,
    ),
  ])
  return [...item, ...kinds]
}

export function json(items: unknown[], more: Record<string, unknown> = {}): string {
  return JSON.stringify({
    hospital_name: 'Test Hospital',
    last_updated_on: '2026-04-01',
    version: '3.0.0',
    location_name: ['Test Hospital'],
    hospital_address: ['1 Main St'],
    license_information: { license_number: '123', state: 'TX' },
    type_2_npi: ['1234567893'],
    attestation: { attestation, confirm_attestation: true, attester_name: 'A Person' },
    standard_charge_information: items,
    ...more,
  })
}

export const aJsonItem = {
  description: 'MRI of brain',
  code_information: [{ code: '70551', type: 'CPT' }],
  standard_charges: [
    {
      setting: 'outpatient',
      gross_charge: 1200,
      discounted_cash: 1080,
      minimum: 250,
      maximum: 400.1,
      payers_information: [
        { payer_name: 'Acme', plan_name: 'PPO', methodology: 'fee schedule', standard_charge_dollar: 400.1 },
      ],
    },
  ],
}

export function bufferSource(bytes: Buffer): Source {
  return {
    name: 'test',
    sizeBytes: bytes.length,
    read: async range => Readable.from(pieces(range ? bytes.subarray(range.start, range.end) : bytes)),
  }
}

function* pieces(bytes: Buffer): Generator<Buffer> {
  for (let at = 0; at < bytes.length; at += 65_536) yield Buffer.from(bytes.subarray(at, at + 65_536))
}

type TestRow = Record<string, string | null>

export type ReadTest = {
  result: ReadResult
  /** The rows, with payers and plans by their names; rates one by one. */
  tables: Record<Exclude<TableName, 'rate_blocks'> | 'rates', TestRow[]>
  blocks: TestRow[]
  findings: Finding[]
  counts: Record<string, number>
  rejected: RejectedRow[]
}

/** Reads bytes as the pipeline does, up to the COPY text, and parses that back. `chunk` bytes at a time. */
export async function readBytes(
  bytes: Buffer | string,
  {
    chunk = Infinity,
    limits,
    kernel = openKernel(),
  }: {
    chunk?: number
    limits?: ContentLimits /** Null: without one. */
    kernel?: Kernel | null | undefined
  } = {},
): Promise<ReadTest> {
  const rows = new Rows(1, 1 << 12)
  const findings = createFindings()
  const content = await openContent(bufferSource(Buffer.from(bytes)), {
    signal: new AbortController().signal,
    ...(limits && { limits }),
  })
  let ids = 0
  const result = await readFile({
    chunks: rechunked(content.chunks, chunk),
    rows,
    findings,
    now: new Date('2026-05-01'),
    kernel: kernel ?? undefined,
    async afterChunk() {
      for (const pair of rows.payers.all()) {
        if (pair.planId !== 0) continue
        pair.payerId = ++ids
        pair.planId = ids
        pair.element = Buffer.from(`${ids},`)
      }
      rows.settle()
    },
  })
  const { counts, samples, rejected } = findings.summary(result.version)
  const { rate_blocks: blocks, ...tables } = Object.fromEntries(
    tableNames.map(table => [table, parsed(table, rows)]),
  ) as Record<TableName, TestRow[]>
  const named = namedBy(rows)
  return {
    result,
    tables: { ...tables, modifiers: tables.modifiers.map(named), rates: ratesOf(blocks).map(named) },
    blocks,
    findings: samples,
    counts: Object.fromEntries([...counts].map(([rule, count]) => [rule.id, count])),
    rejected,
  }
}

function namedBy(rows: Rows): (row: TestRow) => TestRow {
  const pairs = new Map([...rows.payers.all()].map(pair => [String(pair.planId), pair]))
  return row => {
    const pair = pairs.get(row.plan_id ?? '')
    return { ...row, payer_id: pair?.payer ?? null, plan_id: pair?.plan ?? null }
  }
}

async function* rechunked(chunks: AsyncIterable<Buffer>, size: number): AsyncGenerator<Buffer> {
  for await (const chunk of chunks) {
    if (size === Infinity) yield chunk
    else for (let at = 0; at < chunk.length; at += size) yield Buffer.from(chunk.subarray(at, at + size))
  }
}

function parsed(table: TableName, rows: Rows): TestRow[] {
  const buffer = rows.buffers[table]
  const text = buffer.bytes.toString('utf8', 0, buffer.rowsEnd)
  const unescaped: Record<string, string> = { n: '\n', r: '\r', t: '\t', '\\': '\\' }
  return text
    .split('\n')
    .slice(0, -1)
    .map(row => {
      const values = row
        .split('\t')
        .map(value =>
          value === '\\N'
            ? null
            : value.replaceAll(/\\(.)/g, (_, letter: string) => unescaped[letter] ?? letter),
        )
      return Object.fromEntries(tableColumns[table].map((name, at) => [name, values[at] ?? null]))
    })
}

/** What a reader of prices sees of each rate, in an order of its own: the same for one hospital in any layout. */
export function flatRates({ tables }: ReadTest): string[] {
  const text = new Map(tables.texts.map(row => [row.id, row.body]))
  const items = new Map(tables.items.map(row => [row.id, row]))
  const charges = new Map(tables.charges.map(row => [row.id, row]))
  return tables.rates
    .map(rate => {
      const charge = charges.get(rate.charge_id ?? '')
      const item = items.get(charge?.item_id ?? '')
      const codes = tables.item_codes
        .filter(code => code.item_id === item?.id)
        .map(code => `${code.code_type} ${code.code}`)
      const numbers = [
        charge?.gross,
        charge?.discounted_cash,
        charge?.minimum,
        charge?.maximum,
        rate.negotiated_dollar,
        rate.negotiated_percentage,
        rate.median_amount,
        rate.percentile_10th,
        rate.percentile_90th,
      ]
      return JSON.stringify([
        item?.description,
        codes,
        item?.drug_unit,
        item?.drug_type,
        charge?.setting,
        charge?.modifiers,
        rate.payer_id,
        rate.plan_id,
        numbers.map(value => (value === null || value === undefined ? null : Number(value))),
        rate.count,
        rate.methodology,
        text.get(rate.algorithm_id ?? '') ?? null,
        text.get(rate.notes_id ?? '') ?? null,
      ])
    })
    .sort()
}
