/**
 * Rates out of their blocks: prices.rate_blocks keeps up to 64 rates of a charge side by side in lists, and a rate is what
 * stands at place n of each. The view prices.rates gives the same, but takes all rates of a charge apart to give one of
 * them, and sorts to give them in order. Columns are those of the view without payer_id, which is the plan's.
 */
import { id, join, type Sql, sql } from '@glimmr/lib/sql'

/** Of block `b`, whose `n` counts from 1; `nth` is the n-th value of a list as text. */
function columns(nth: (list: List) => Sql): Sql {
  return sql`
    b.first_id + b.n - 1 as id, b.row_number + coalesce(${nth('row_offsets')}::int, b.row_step * (b.n - 1)) as row_number,
    b.plan_ids[b.n] as plan_id,
    ${nth('negotiated_dollars')}::numeric as negotiated_dollar, ${nth('negotiated_percentages')}::numeric as negotiated_percentage,
    ${nth('estimated_amounts')}::numeric as estimated_amount, ${nth('median_amounts')}::numeric as median_amount,
    ${nth('percentiles_10th')}::numeric as percentile_10th, ${nth('percentiles_90th')}::numeric as percentile_90th,
    b.counts[b.n] as count,
    b.methodologies[case when b.methodology_of is null then 1 else ${nth('methodology_of')}::int end] as methodology,
    ${nth('algorithm_ids')}::bigint as algorithm_id, ${nth('notes_ids')}::bigint as notes_id`
}

const lists = [
  'row_offsets',
  'negotiated_dollars',
  'negotiated_percentages',
  'estimated_amounts',
  'median_amounts',
  'percentiles_10th',
  'percentiles_90th',
  'methodology_of',
  'algorithm_ids',
  'notes_ids',
] as const
type List = (typeof lists)[number]

/** The rate `rate` of `charge`, or no row: for `lateral`. */
export function rateOf(charge: Sql, rate: Sql): Sql {
  return sql`
    select ${columns(list => sql`nullif(split_part(b.${id(list)}, ',', b.n), '')`)}
    from (
      select b.*, (${rate} - b.first_id + 1)::int as n from prices.rate_blocks b
      where b.charge_id = ${charge} and b.first_id <= ${rate} and b.first_id > ${rate} - 64
    ) b
    where b.n <= cardinality(b.plan_ids)`
}

/** All rates of `charge`, in the order of their ids as they stand, without a sort: for `lateral`. */
export function ratesOf(charge: Sql): Sql {
  const apart = lists.map(list => sql`string_to_array(b.${id(list)}, ',', '') as ${id(list)}`)
  return sql`
    select ${columns(list => sql`b.${id(list)}[b.n]`)}
    from (
      select b.*, p.n::int as n
      from (
        select b.first_id, b.row_number, b.row_step, b.plan_ids, b.counts, b.methodologies, ${join(apart, ', ')}
        from prices.rate_blocks b where b.charge_id = ${charge} order by b.first_id
      ) b
      cross join lateral (select * from unnest(b.plan_ids) with ordinality p (plan_id, n) order by p.n) p
    ) b`
}

/** Of a price id: the rate was found, or it is 0, which means a charge without any payer, and only that. */
export function isPrice(charge: Sql, found: Sql, rate: string): Sql {
  return rate === '0'
    ? sql`not exists (select from prices.rate_blocks b where b.charge_id = ${charge})`
    : sql`${found} is not null`
}
