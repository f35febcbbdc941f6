import { execute, rows } from '@glimmr/lib/db'
import { sql } from '@glimmr/lib/sql'
import t from 'tap'
import { insertRates, type RateValue } from './rate-blocks.ts'
import { createTestDatabase } from './testing.ts'

const values: RateValue[] = [
  'negotiated_dollar',
  'median_amount',
  'count',
  'methodology',
  'notes_id',
  'extra',
]

t.test(
  'rates come back from the view as they were put in, whatever is blank and wherever a block ends',
  async t => {
    const db = await createTestDatabase(t)
    await execute(db.pool, sql`insert into prices.payers (name) values ('P')`)
    await execute(
      db.pool,
      sql`insert into prices.plans (payer_id, name) select 1, n::text from generate_series(1, 9) n`,
    )
    // Three charges: rows of their own with gaps, one row for all, and ids that do not follow.
    const given = sql`
    select 1000 * c + n + case when c = 3 and n > 20 then 5 else 0 end as id, c::bigint as charge_id, 1 as file_id,
      case c when 2 then 7 else n + n / 50 end::int as row_number, (n % 9 + 1)::int as plan_id,
      case when n % 3 > 0 then n + 0.50 end as negotiated_dollar, case when c = 1 and n = 70 then 1.0 end as median_amount,
      null::text as count, case when c = 2 then 'case rate' when n % 5 > 0 then 'a, "' || n % 2 || '"' end as methodology,
      case when n > 100 then n::bigint end as notes_id, case when n = 3 then '{"a": [null, 1.50]}'::jsonb end as extra
    from generate_series(1, 3) c, generate_series(1, 150) n order by random()`
    await execute(db.pool, insertRates(given, values))
    const columns = sql`id, charge_id, file_id, row_number, plan_id, negotiated_dollar, median_amount, count, methodology, notes_id, extra`
    const all = await rows(db.pool, sql`select ${columns}, payer_id from prices.rates order by charge_id, id`)
    t.equal(all.length, 450)
    t.same(
      all,
      await rows(db.pool, sql`select ${columns}, 1 as payer_id from (${given}) g order by charge_id, id`),
    )
    const lengths = (charge: number) =>
      rows<{ n: number }>(
        db.pool,
        sql`select cardinality(plan_ids) as n from prices.rate_blocks where charge_id = ${charge} order by first_id`,
      ).then(found => found.map(({ n }) => n))
    t.same(await lengths(1), [49, 50, 50, 1])
    t.same(await lengths(2), [64, 64, 22])
    t.same(await lengths(3), [20, 29, 50, 50, 1])
    t.match(
      await rows(db.pool, sql`select counts, methodology_of from prices.rate_blocks where charge_id = 2`),
      [{ counts: null, methodology_of: null }],
    )
  },
)
