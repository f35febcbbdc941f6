/** Rates as the pipeline stores them, for tests and benchmarks that make up their own: side by side in prices.rate_blocks. */
import { id, join, type Sql, sql } from '@glimmr/lib/sql'

/** What a rate may have beside its place and plan, and the column it goes into. */
export const lists = {
  negotiated_dollar: 'negotiated_dollars',
  negotiated_percentage: 'negotiated_percentages',
  estimated_amount: 'estimated_amounts',
  median_amount: 'median_amounts',
  percentile_10th: 'percentiles_10th',
  percentile_90th: 'percentiles_90th',
  count: 'counts',
  algorithm_id: 'algorithm_ids',
  notes_id: 'notes_ids',
} as const

export type RateValue = keyof typeof lists | 'methodology' | 'extra'

const listOf = (value: Sql): Sql => sql`string_agg(coalesce(${value}::text, ''), ',' order by id)`

const place = ['id', 'charge_id', 'file_id', 'row_number', 'plan_id']

/**
 * The insert of rates that `from` selects, in whatever order: id, charge_id, file_id, row_number, plan_id and `values`. A block
 * ends after 64 rates, and where an id or a row does not follow the one before.
 */
export function insertRates(from: Sql, values: readonly RateValue[]): Sql {
  const names = Object.keys(lists).filter(value => values.some(given => given === value))
  const own = names as (keyof typeof lists)[]
  const columns = own.map(value => id(lists[value]))
  const selected = own.map(
    value =>
      sql`case when count(${id(value)}) > 0 then ${
        value === 'count' ? sql`array_agg(count order by id)` : listOf(id(value))
      } end`,
  )
  if (values.includes('methodology')) {
    columns.push(sql`methodologies`, sql`methodology_of`)
    selected.push(sql`nullif(array_remove(array_agg(distinct methodology order by methodology), null), '{}')`)
    selected.push(sql`case when count(distinct methodology) > 1 or count(methodology) between 1 and count(*) - 1
      then ${listOf(sql`case when methodology is not null then methodology_number end`)} end`)
  }
  if (values.includes('extra')) {
    columns.push(sql`extras`)
    selected.push(sql`case when count(extra) > 0 then jsonb_agg(extra order by id) end`)
  }
  return sql`
    insert into prices.rate_blocks (${join(
      ['charge_id', 'first_id', 'file_id', 'row_number', 'row_step', 'plan_ids'].map(name => id(name)),
      ', ',
    )}${join([sql``, ...columns], ', ')})
    with rate as (
      select ${join(
        [...place, ...values].map(name => id(name)),
        ', ',
      )}
      from (${from}) given
    ),
    stepped as (
      select *, (min(row_number) over charge <> max(row_number) over charge)::int as step from rate
      window charge as (partition by charge_id)
    ),
    marked as (
      select *, (lag(id) over charge = id - 1 and lag(row_number) over charge = row_number - step) is not true as breaks
      from stepped window charge as (partition by charge_id order by id)
    ),
    run as (
      select *, count(*) filter (where breaks) over (partition by charge_id order by id) as run from marked
    ),
    numbered as (
      select *, (row_number() over (partition by charge_id, run order by id) - 1) / 64 as part from run
    )${
      values.includes('methodology')
        ? sql`, block as (
      select *, dense_rank() over (partition by charge_id, run, part order by methodology) as methodology_number from numbered
    )`
        : sql`, block as (select * from numbered)`
    }
    select charge_id, min(id), min(file_id), min(row_number), min(step), array_agg(plan_id order by id)${join([sql``, ...selected], ', ')}
    from block group by charge_id, run, part order by 1, 2`
}
