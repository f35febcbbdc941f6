/**
 * Rates out of their blocks: prices.rate_blocks keeps up to 64 rates of a charge side by side in arrays, and a rate is their
 * n-th elements. The view prices.rates gives the same, but takes all rates of a charge apart to give one of them, and sorts
 * to give them in order. Columns are those of the view without payer_id, which is the plan's.
 */
import { type Sql, sql } from '@glimmr/lib/sql'

/** Of block `b`, whose `n` counts from 1. */
const columns: Sql = sql`
  b.first_id + b.n - 1 as id, b.row_number + coalesce(b.row_offsets[b.n], b.row_step * (b.n - 1)) as row_number, b.plan_ids[b.n] as plan_id,
  b.negotiated_dollars[b.n] as negotiated_dollar, b.negotiated_percentages[b.n] as negotiated_percentage,
  b.estimated_amounts[b.n] as estimated_amount, b.median_amounts[b.n] as median_amount,
  b.percentiles_10th[b.n] as percentile_10th, b.percentiles_90th[b.n] as percentile_90th, b.counts[b.n] as count,
  b.methodologies[case when b.methodology_of is null then 1 else b.methodology_of[b.n] end] as methodology,
  b.algorithm_ids[b.n] as algorithm_id, b.notes_ids[b.n] as notes_id`

/** The rate `rate` of `charge`, or no row: for `lateral`. */
export function rateOf(charge: Sql, rate: Sql): Sql {
  return sql`
    select ${columns}
    from (
      select b.*, (${rate} - b.first_id + 1)::int as n from prices.rate_blocks b
      where b.charge_id = ${charge} and b.first_id <= ${rate} and b.first_id > ${rate} - 64
    ) b
    where b.n <= cardinality(b.plan_ids)`
}

/** All rates of `charge`, in the order of their ids as they stand, without a sort: for `lateral`. */
export function ratesOf(charge: Sql): Sql {
  return sql`
    select ${columns}
    from (
      select b.*, p.n::int as n
      from (select * from prices.rate_blocks b where b.charge_id = ${charge} order by b.first_id) b
      cross join lateral (select * from unnest(b.plan_ids) with ordinality p (plan_id, n) order by p.n) p
    ) b`
}

/** Of a price id: the rate was found, or it is 0, which means a charge without any payer, and only that. */
export function isPrice(charge: Sql, found: Sql, rate: string): Sql {
  return rate === '0'
    ? sql`not exists (select from prices.rate_blocks b where b.charge_id = ${charge})`
    : sql`${found} is not null`
}
