/** Everything that is stored of prices, as counts and sums that do not depend on the ids it was given. */
import { one, type Pool } from '@glimmr/lib/db'
import { sql } from '@glimmr/lib/sql'

export type Digest = Record<string, string>

/**
 * Of all rows, published or not: what a crash leaves behind would show. Ids are taken relative to their file's, payers and
 * plans by name.
 */
export function digestOf(pool: Pool): Promise<Digest> {
  const base = sql`4294967296`
  return one<Digest>(
    pool,
    sql`
    select
      (select count(*) || ' ' || coalesce(sum(hashtextextended(concat_ws('|', t.id % ${base}, t.body), 0)), 0) from prices.texts t) as texts,
      (select count(*) || ' ' || coalesce(sum(hashtextextended(concat_ws('|', i.id % ${base}, i.row_number, i.description,
        i.drug_unit, i.drug_type, i.byte_offset, i.byte_length, i.extra), 0)), 0) from prices.items i) as items,
      (select count(*) || ' ' || coalesce(sum(hashtextextended(concat_ws('|', c.item_id % ${base}, c.ordinal, c.code,
        c.code_type, c.code_normalised), 0)), 0) from prices.item_codes c) as codes,
      (select count(*) || ' ' || coalesce(sum(hashtextextended(concat_ws('|', c.id % ${base}, c.item_id % ${base}, c.row_number,
        c.setting, c.billing_class, c.modifiers, c.gross, c.discounted_cash, c.minimum, c.maximum, c.notes_id % ${base}), 0)), 0)
        from prices.charges c) as charges,
      (select count(*) || ' ' || coalesce(sum(hashtextextended(concat_ws('|', r.id % ${base}, r.charge_id % ${base}, r.row_number,
        p.name, coalesce(l.name, '∅'), r.negotiated_dollar, r.negotiated_percentage, r.median_amount, r.percentile_10th,
        r.percentile_90th, r.count, r.methodology, r.algorithm_id % ${base}, r.notes_id % ${base}), 0)), 0)
        from prices.rates r join prices.payers p on p.id = r.payer_id join prices.plans l on l.id = r.plan_id) as rates,
      (select count(*) || ' ' || coalesce(sum(hashtextextended(concat_ws('|', m.id % ${base}, m.row_number, m.code, m.description), 0)), 0)
        from prices.modifiers m) as modifiers,
      (select string_agg(concat_ws(' ', f.status, f.verdict, f.rows_seen, f.rows_loaded, f.rows_rejected, f.rates_count), ', ') from prices.files f) as files,
      (select string_agg(concat_ws(' ', c.rule, c.count), ', ' order by c.rule) from prices.finding_counts c) as findings`,
  )
}
