/** Prices for tests of the services that only read them: rows as the pipeline writes them, by plain inserts. */
import { createHash, randomUUID } from 'node:crypto'
import { normalisedCode } from '@glimmr/lib/codes'
import { execute, one, type Pool } from '@glimmr/lib/db'
import { type Sql, sql } from '@glimmr/lib/sql'
import { insertRates } from './rate-blocks.ts'

/** Amounts are strings: their digits are part of the test. */
export type SeedRate = {
  payer: string
  plan?: string | null
  dollar?: string
  percentage?: string
  algorithm?: string
  methodology?: string
  median?: string
  p10?: string
  p90?: string
  count?: string
  notes?: string
}
export type SeedCharge = {
  setting?: string
  billing_class?: string
  modifiers?: string[]
  gross?: string
  cash?: string
  minimum?: string
  maximum?: string
  notes?: string
  rates?: SeedRate[]
}
export type SeedItem = { description?: string; codes?: [code: string, type: string][]; charges: SeedCharge[] }
export type SeedFile = {
  organisation: string
  hospital?: string
  hospital_id?: string
  state?: string
  filename?: string
  status?: string
  layout?: string
  items?: SeedItem[]
  /** The pipeline's bitmaps of which items a plan prices; null as it was before it wrote them. */
  itemGroups?: boolean
}

export async function seedOrganisation(pool: Pool, name: string): Promise<string> {
  const { id } = await one<{ id: string }>(
    pool,
    sql`insert into core.organisations (name) values (${name}) returning id`,
  )
  return id
}

/** A file with its rows; a published one supersedes the hospital's current file, as the pipeline does it. */
export async function seedFile(
  pool: Pool,
  file: SeedFile,
): Promise<{ file_id: number; hospital_id: string }> {
  const {
    organisation,
    hospital = 'Test Hospital',
    state = 'TX',
    status = 'published',
    layout = 'tall',
  } = file
  const { items = [], filename = 'prices.csv', itemGroups = true } = file
  const hospital_id =
    file.hospital_id ??
    (
      await one<{ id: string }>(
        pool,
        sql`insert into core.hospitals (organisation_id, name, state) values (${organisation}, ${hospital}, ${state}) returning id`,
      )
    ).id
  if (status === 'published')
    await execute(
      pool,
      sql`update prices.files set status = 'superseded', superseded_at = now() where hospital_id = ${hospital_id} and status = 'published'`,
    )
  const sha256 = createHash('sha256').update(randomUUID()).digest('hex')
  const charges = items.flatMap(item => item.charges)
  const { id: file_id } = await one<{ id: number }>(
    pool,
    sql`insert into prices.files (organisation_id, hospital_id, sha256, filename, size_bytes, status, layout, hospital_name,
        last_updated_on, published_at, rows_seen, rows_loaded, items_count, charges_count, rates_count)
      values (${organisation}, ${hospital_id}, ${sha256}, ${filename}, 1000, ${status}, ${layout}, ${hospital}, '2026-06-01',
        ${status === 'published' || status === 'superseded' ? new Date() : null}, ${charges.length}, ${charges.length},
        ${items.length}, ${charges.length}, ${charges.flatMap(charge => charge.rates ?? []).length})
      returning id`,
  )
  await insertRows(pool, file_id, items)
  if (itemGroups) await writeItemGroups(pool, file_id, items.length)
  return { file_id, hospital_id }
}

const rateValues = [
  'negotiated_dollar',
  'negotiated_percentage',
  'median_amount',
  'percentile_10th',
  'percentile_90th',
  'count',
  'methodology',
  'algorithm_id',
  'notes_id',
] as const

async function insertRows(pool: Pool, file: number, items: SeedItem[]): Promise<void> {
  const idOf = (n: number) => file * 2 ** 32 + n
  const rows = {
    items: [] as object[],
    codes: [] as object[],
    charges: [] as object[],
    rates: [] as object[],
  }
  const texts: object[] = []
  const names = await insertNames(pool, items)
  const textOf = (body: string | undefined) =>
    body === undefined
      ? null
      : texts.push({ id: idOf(texts.length + 1), file_id: file, body }) && idOf(texts.length)
  items.forEach((item, index) => {
    const item_id = idOf(index + 1)
    const row_number = index + 4
    const description = item.description ?? `Item ${index + 1}`
    rows.items.push({ id: item_id, file_id: file, row_number, description, byte_offset: 0, byte_length: 0 })
    for (const [ordinal, [code, code_type]] of (item.codes ?? []).entries()) {
      const code_normalised = normalisedCode(code, code_type)
      rows.codes.push({ item_id, ordinal: ordinal + 1, file_id: file, code, code_type, code_normalised })
    }
    for (const charge of item.charges) {
      const charge_id = idOf(rows.charges.length + 1)
      const { cash, notes, rates = [], ...same } = charge
      const notes_id = textOf(notes)
      rows.charges.push({
        ...same,
        id: charge_id,
        item_id,
        file_id: file,
        row_number,
        discounted_cash: cash,
        notes_id,
      })
      for (const rate of rates) {
        const { payer, plan, dollar, percentage, algorithm, median, p10, p90, notes, ...same } = rate
        rows.rates.push({
          ...same,
          ...names(payer, plan),
          id: idOf(rows.rates.length + 1),
          charge_id,
          file_id: file,
          row_number,
          negotiated_dollar: dollar,
          negotiated_percentage: percentage,
          median_amount: median,
          percentile_10th: p10,
          percentile_90th: p90,
          algorithm_id: textOf(algorithm),
          notes_id: textOf(notes),
        })
      }
    }
  })
  const insert = (table: Sql, values: object[]) =>
    execute(
      pool,
      sql`insert into ${table} select (json_populate_recordset(null::${table}, ${JSON.stringify(values)})).*`,
    )
  await insert(sql`prices.texts`, texts)
  await insert(sql`prices.items`, rows.items)
  await insert(sql`prices.item_codes`, rows.codes)
  await insert(sql`prices.charges`, rows.charges)
  const rates = sql`select (json_populate_recordset(null::prices.rates, ${JSON.stringify(rows.rates)})).*`
  await execute(pool, insertRates(rates, rateValues))
  await execute(
    pool,
    sql`insert into prices.file_plans (file_id, plan_id, payer_id, rates_count)
      select file_id, plan_id, payer_id, count(*) from prices.rates where file_id = ${file} group by 1, 2, 3`,
  )
  await one(
    pool,
    sql`select core.match_plans(array(select plan_id from prices.file_plans where file_id = ${file}))`,
  )
}

/** Payers and plans, each name once; gives their ids. */
async function insertNames(pool: Pool, items: SeedItem[]) {
  const ids = new Map<string, { payer_id: number; plan_id: number }>()
  const key = (payer: string, plan: string | null | undefined) => JSON.stringify([payer, plan ?? null])
  for (const { payer, plan = null } of items
    .flatMap(item => item.charges)
    .flatMap(charge => charge.rates ?? [])) {
    if (ids.has(key(payer, plan))) continue
    await execute(
      pool,
      sql`insert into prices.payers (name) select ${payer} where not exists (select from prices.payers where name = ${payer})`,
    )
    const { id: payer_id } = await one<{ id: number }>(
      pool,
      sql`select id from prices.payers where name = ${payer}`,
    )
    const same = sql`payer_id = ${payer_id} and name is not distinct from ${plan}`
    await execute(
      pool,
      sql`insert into prices.plans (payer_id, name) select ${payer_id}::int, ${plan}::text where not exists (select from prices.plans where ${same})`,
    )
    const { id: plan_id } = await one<{ id: number }>(pool, sql`select id from prices.plans where ${same}`)
    ids.set(key(payer, plan), { payer_id, plan_id })
  }
  return (payer: string, plan: string | null | undefined) => ids.get(key(payer, plan))
}

/** Of every file, or of one: what prices.file_plans.item_groups means, said in SQL. */
export async function writeItemGroups(pool: Pool, file: number, items: number): Promise<void> {
  await execute(
    pool,
    sql`update prices.file_plans fp set item_groups = g.bits::bit varying
      from (
        select plan_id, string_agg(case when priced then '1' else '0' end, '' order by group_number) as bits
        from (
          select p.plan_id, n as group_number, exists (
            select from prices.rates r join prices.charges c on c.id = r.charge_id
            where c.file_id = ${file} and r.plan_id = p.plan_id and ((c.item_id & 4294967295) - 1) >> 3 = n
          ) as priced
          from prices.file_plans p cross join generate_series(0, (${items}::int + 7) / 8 - 1) n
          where p.file_id = ${file}
        ) each_group
        group by plan_id
      ) g
      where fp.file_id = ${file} and fp.plan_id = g.plan_id`,
  )
}
