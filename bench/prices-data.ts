/**
 * Two million rates that look like published ones: 20 hospitals of moderate size, one large wide file whose professional
 * plans price only its last items, and filings that were superseded.
 */
import { insertRates } from '@glimmr/dev/rate-blocks'
import { execute, one, type Pool } from '@glimmr/lib/db'
import { type Sql, sql } from '@glimmr/lib/sql'

const organisation = '5f0c0000-0000-4000-8000-00000000be9c'
const largeItems = 16_000
const items = 4_500
/** The item from which on the large file is professional: no revenue codes, plans of its own. */
const professionalFrom = 12_000

export type PricesData = { rates: number; hospital_id: string }

export async function fillPrices(pool: Pool): Promise<PricesData> {
  for (const statement of [...names, ...rows, ...counts]) await execute(pool, statement)
  return one<PricesData>(
    pool,
    sql`select (select count(*)::float8 from prices.rates) as rates,
      (select hospital_id from prices.files where status = 'published' order by id offset 7 limit 1) as hospital_id`,
  )
}

const names: Sql[] = [
  sql`insert into core.organisations (id, name) values (${organisation}, 'bench')`,
  sql`insert into core.hospitals (organisation_id, name, state)
    select ${organisation}, 'Hospital ' || n, 'TX' from generate_series(1, 24) n`,
  sql`insert into prices.payers (name) select 'Payer ' || n from generate_series(1, 400) n`,
  sql`insert into prices.plans (payer_id, name)
    select (n - 1) % 400 + 1, 'Plan ' || n from generate_series(1, 1600) n`,
  sql`insert into prices.files (organisation_id, hospital_id, sha256, filename, size_bytes, status, published_at,
      last_updated_on)
    select organisation_id, id, md5(name) || md5(id::text), name || '.csv', 1000,
      case when row_number() over (order by id) in (3, 9, 17) then 'superseded' else 'published' end, now(), '2026-06-01'
    from core.hospitals order by id`,
]

/** The second file is the large one. Revenue code 0636 (drugs) stands on half of the items, CPT 99213 on a ninth. */
const rows: Sql[] = [
  sql`insert into prices.items (id, file_id, row_number, description, byte_offset, byte_length)
    select (f.id::bigint << 32) + n, f.id, n + 3, 'SERVICE ' || n || ' in the words of the hospital', n * 100, 100
    from prices.files f cross join generate_series(1, ${largeItems}::int) n
    where n <= case when f.id = 2 then ${largeItems}::int else ${items}::int end order by 1`,
  sql`insert into prices.item_codes (item_id, ordinal, file_id, code, code_type, code_normalised)
    select i.id, 1, i.file_id, 'CDM' || i.row_number, 'CDM', 'CDM' || i.row_number from prices.items i
    union all
    select i.id, 2, i.file_id, c.code, 'RC', c.code from prices.items i cross join lateral (
      select case when i.row_number % 10 < 5 then '0636' else (array['0250', '0272', '0300', '0450'])[1 + i.row_number % 4] end
    ) c (code) where not (i.file_id = 2 and i.row_number > ${professionalFrom}::int)
    union all
    select i.id, 3, i.file_id, c.code, 'CPT', c.code from prices.items i cross join lateral (
      select case when i.row_number % 9 = 0 then '99213' else (10000 + i.row_number * 7 % 3000)::text end
    ) c (code)
    order by 1, 2`,
  sql`insert into prices.charges (id, item_id, file_id, row_number, setting, gross, discounted_cash, minimum, maximum)
    select i.id + (i.id & 4294967295) + s.n, i.id, i.file_id, i.row_number, s.setting, 123.50, 100.25, 10.10, 200.00
    from prices.items i cross join (values (-1, 'outpatient'), (0, 'inpatient')) s (n, setting)
    where s.n = -1 or i.row_number % 5 = 0 order by 1`,
  insertRates(
    sql`select (c.file_id::bigint << 32) + row_number() over (partition by c.file_id order by c.id, p.plan) as id,
      c.id as charge_id, c.file_id, c.row_number, p.plan as plan_id,
      ((c.id * 31 + p.plan * 17) % 100000) / 100.0 as negotiated_dollar, 'fee schedule' as methodology
    from prices.charges c cross join lateral (
      select (c.file_id * 13 + k * 5) % 800 + 1
      from generate_series(1, case when c.file_id = 2 then 60 else 14 end) k
      where c.file_id <> 2 or c.row_number <= ${professionalFrom}::int
      union all
      select 1540 + k from generate_series(1, 50) k where c.file_id = 2 and c.row_number > ${professionalFrom}::int
    ) p (plan)
    where c.row_number % 20 <> 7`,
    ['negotiated_dollar', 'methodology'],
  ),
]

const counts: Sql[] = [
  sql`insert into prices.file_plans (file_id, plan_id, payer_id, rates_count, item_groups)
    select p.file_id, p.plan_id, p.payer_id, sum(p.rates), (
      select string_agg(case when n = any (array_agg(p.item_group)) then '1' else '0' end, '' order by n)
      from generate_series(0, (case when p.file_id = 2 then ${largeItems}::int else ${items}::int end + 7) / 8 - 1) n
    )::bit varying
    from (
      select r.file_id, r.plan_id, r.payer_id, ((c.item_id & 4294967295) - 1) >> 3 as item_group, count(*) as rates
      from prices.rates r join prices.charges c on c.id = r.charge_id group by 1, 2, 3, 4
    ) p group by 1, 2, 3`,
  sql`update prices.files f set layout = 'wide', compression = 'none',
      items_count = (select count(*) from prices.items i where i.file_id = f.id),
      rates_count = (select sum(p.rates_count) from prices.file_plans p where p.file_id = f.id)`,
  // A plan in eight is of Medicaid, and one payer in twenty is known by its name.
  sql`update prices.plans set name = name || ' Medicaid' where id % 8 = 0`,
  sql`update prices.payers set name = 'Aetna ' || id where id % 20 = 0`,
  sql`select core.match_plans()`,
]
