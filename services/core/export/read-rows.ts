/**
 * The rows of a file, some thousand items at a time, from one snapshot. The ids of a file are one range, so
 * each step is a short statement from index to index, however large the file: nothing is sorted as a whole, and the
 * cursor inside a step bounds what an item of very many rates can bring.
 */
import { type Pool, type Queryable, rows } from '@glimmr/lib/db'
import { byIndex, fetchRows, inSnapshot } from '@glimmr/lib/snapshot'
import { type Sql, sql } from '@glimmr/lib/sql'
import { ratesOf } from '../prices/rate.ts'
import type { ExportRow, Value } from './columns.ts'
import { type Code, primaryCode } from './primary-code.ts'

const itemsAtOnce = 4_000
const rowsAtOnce = 2_000

const settings = {
  ...byIndex,
  work_mem: '32MB',
  plan_cache_mode: 'force_custom_plan',
  statement_timeout: '120s',
  // A reader that takes nothing for this long gives up its snapshot.
  idle_in_transaction_session_timeout: '300s',
}

/** Batches in the order of items and charges; never an empty one. `codeType`: only prices whose primary code is of it. */
export function readRows(
  pool: Pool,
  file: number,
  { signal, codeType }: { signal: AbortSignal; codeType?: string | undefined },
): AsyncGenerator<ExportRow[], void, undefined> {
  return inSnapshot(pool, { signal, settings }, client => readIn(client, file, codeType))
}

async function* readIn(
  client: Queryable,
  file: number,
  codeType: string | undefined,
): AsyncGenerator<ExportRow[], void, undefined> {
  const [head] = await rows<Head>(client, headOf(file))
  if (!head) return
  const names = new Map((await rows<Names>(client, namesOf(file))).map(row => [row.plan_id, row]))
  const codesOf = rememberCodes()
  const first = file * 2 ** 32 + 1
  for (let from = first; from < first + head.items; from += itemsAtOnce) {
    const to = Math.min(from + itemsAtOnce, first + head.items)
    for await (const batch of fetchRows<Raw>(client, pricesOf(from, to), {
      batch: rowsAtOnce,
      rowMode: 'array',
    })) {
      const shown: ExportRow[] = []
      for (const raw of batch) {
        const codes = codesOf(raw[3])
        if (codeType === undefined || codes.type === codeType) shown.push(flat(raw, head, codes, names))
      }
      if (shown.length > 0) yield shown
    }
  }
}

type Head = {
  file_id: number
  items: number
  hospital_id: string
  hospital: string
  state: string | null
  last_updated_on: string | null
}

export function headOf(file: number): Sql {
  return sql`
    select f.id as file_id, f.items_count::float8 as items, h.id as hospital_id, h.name as hospital, h.state,
      f.last_updated_on::text as last_updated_on
    from prices.files f join core.hospitals h on h.id = f.hospital_id
    where f.id = ${file}`
}

type Names = {
  plan_id: number
  payer: string
  plan: string | null
  canonical_payer: string | null
  payer_class: string | null
  plan_type: string | null
}

/** Some hundreds a file: looked up here and not joined to each of its rates. */
export function namesOf(file: number): Sql {
  return sql`
    select l.id as plan_id, y.name as payer, l.name as plan, m.canonical_payer, m.payer_class, m.plan_type
    from prices.file_plans fp join prices.plans l on l.id = fp.plan_id join prices.payers y on y.id = l.payer_id
      left join core.plan_matches m on m.plan_id = l.id
    where fp.file_id = ${file}
    order by l.id`
}

type Text = string | null

/** As `pricesOf` selects it. Numbers come as their digits. */
type Raw = readonly [
  charge: string,
  rate: Text,
  row: number,
  codes: string,
  description: string,
  drug_unit: Text,
  drug_type: Text,
  setting: Text,
  billing_class: Text,
  modifiers: Text,
  plan_id: number | null,
  ...amounts: Text[],
]

/**
 * Each level in its own order below the one above, so that the plan can only be: items by their range, charges of each,
 * rates of each (`ratesOf`). With one order for the whole, and before there are statistics, Postgres read all charges for each step.
 */
function pricesOf(from: number, to: number): Sql {
  return sql`
    select c.id, r.id, coalesce(r.row_number, c.row_number), i.codes, i.description, i.drug_unit, i.drug_type, c.setting,
      c.billing_class, array_to_string(c.modifiers, '|'), r.plan_id,
      c.gross, c.discounted_cash, c.minimum, c.maximum, r.negotiated_dollar, r.negotiated_percentage,
      (select t.body from prices.texts t where t.id = r.algorithm_id), r.methodology, r.estimated_amount, r.median_amount,
      r.percentile_10th, r.percentile_90th, r.count, (select t.body from prices.texts t where t.id = c.notes_id),
      (select t.body from prices.texts t where t.id = r.notes_id)
    from (
      select i.id, i.description, i.drug_unit, i.drug_type, coalesce((
          select json_agg(json_build_array(k.code_type, k.code_normalised) order by k.ordinal)::text
          from prices.item_codes k where k.item_id = i.id), '[]') as codes
      from prices.items i where i.id >= ${from} and i.id < ${to} order by i.id
    ) i
    cross join lateral (select * from prices.charges c where c.item_id = i.id order by c.id) c
    left join lateral (${ratesOf(sql`c.id`)}) r on true`
}

type Codes = { type: string; code: string | null; all: string }

/** An item's codes repeat in all its rows: parsed once. */
function rememberCodes(): (json: string) => Codes {
  let last = ''
  let known: Codes = { type: '', code: null, all: '' }
  return json => {
    if (json === last) return known
    const codes: Code[] = JSON.parse(json)
    known = { ...primaryCode(codes), all: codes.map(([type, code]) => `${type} ${code}`).join('|') }
    last = json
    return known
  }
}

function flat(raw: Raw, head: Head, codes: Codes, names: Map<number, Names>): ExportRow {
  const [charge, rate, row, , description, unit, unitType, setting, billing, modifiers, planId, ...amounts] =
    raw
  const [gross, cash, minimum, maximum, ...negotiated] = amounts
  const name = planId === null ? undefined : names.get(planId)
  return [
    `${charge}-${rate ?? 0}`,
    head.file_id,
    row,
    head.hospital_id,
    head.hospital,
    head.state,
    head.last_updated_on,
    description,
    codes.type,
    codes.code,
    codes.all,
    setting,
    billing,
    modifiers || null,
    unit,
    unitType,
    gross ?? null,
    cash ?? null,
    minimum ?? null,
    maximum ?? null,
    name?.payer ?? null,
    name?.plan ?? null,
    name?.canonical_payer ?? null,
    name?.payer_class ?? null,
    name?.plan_type ?? null,
    ...(negotiated as Value[]),
  ]
}
