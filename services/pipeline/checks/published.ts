/** What is stored of a file, in the lines of slow-reader.ts. */
import { one, type Pool, rows } from '@glimmr/lib/db'
import { sql } from '@glimmr/lib/sql'
import { decimal, separator } from './slow-reader.ts'

type PublishedRate = {
  row_number: number
  values: (string | null)[]
  numbers: (string | null)[]
  methodology: string | null
}

const blank = (value: string | null) => value ?? '∅'

/** Rates of the charges with ids beyond `after`, up to `to`. */
export async function publishedRates(pool: Pool, after: number, to: number): Promise<string[]> {
  const found = await rows<PublishedRate>(
    pool,
    sql`
    select r.row_number, r.methodology,
      array[nullif(p.name, ''), l.name, a.body, r.count, n.body] as "values",
      array[r.negotiated_dollar, r.negotiated_percentage, r.median_amount, r.percentile_10th, r.percentile_90th,
        c.gross, c.discounted_cash, c.minimum, c.maximum]::text[] as numbers
    from prices.rates r
    join prices.charges c on c.id = r.charge_id
    join prices.payers p on p.id = r.payer_id
    join prices.plans l on l.id = r.plan_id
    left join prices.texts a on a.id = r.algorithm_id
    left join prices.texts n on n.id = r.notes_id
    where r.charge_id > ${after} and r.charge_id <= ${to}`,
  )
  return found.map(({ row_number, values, numbers, methodology }) => {
    const [payer, plan, algorithm, count, notes] = values.map(blank)
    const [dollar, percentage, median, low, high, ...charge] = numbers.map(decimal)
    const kind = blank(methodology).toLowerCase()
    const rate = [
      row_number,
      payer,
      plan,
      dollar,
      percentage,
      algorithm,
      median,
      low,
      high,
      count,
      kind,
      notes,
    ]
    return [...rate, ...charge].join(separator)
  })
}

type PublishedCharge = {
  row_number: number
  item: (string | null)[]
  context: (string | null)[]
  numbers: (string | null)[]
}

/**
 * Charges as the source writes them: in the tall layout once for each row that shares one, elsewhere once each. `after` and
 * `to` bound the ids of charges.
 */
export async function publishedCharges(
  pool: Pool,
  tall: boolean,
  after: number,
  to: number,
): Promise<string[]> {
  const of = tall
    ? sql`(select c.id, r.row_number from prices.charges c join prices.rates r on r.charge_id = c.id where c.id > ${after} and c.id <= ${to}
        union all
        select c.id, c.row_number from prices.charges c
        where c.id > ${after} and c.id <= ${to} and not exists (select from prices.rate_blocks b where b.charge_id = c.id))`
    : sql`(select c.id, c.row_number from prices.charges c where c.id > ${after} and c.id <= ${to})`
  const found = await rows<PublishedCharge>(
    pool,
    sql`
    select s.row_number,
      array[nullif(i.description, ''), (select string_agg(coalesce(nullif(k.code_type, ''), '∅') || ' ' || k.code, ',' order by k.ordinal)
        from prices.item_codes k where k.item_id = i.id), i.drug_type] as item,
      array[c.setting, c.billing_class, array_to_string(c.modifiers, '|')] as context,
      array[i.drug_unit, c.gross, c.discounted_cash, c.minimum, c.maximum]::text[] as numbers
    from ${of} s join prices.charges c on c.id = s.id join prices.items i on i.id = c.item_id`,
  )
  return found.map(({ row_number, item, context, numbers }) => {
    const [description = '∅', codes, drugType = '∅'] = item.map(blank)
    const [unit = '∅', ...amounts] = numbers.map(decimal)
    const shown = [
      row_number,
      description,
      codes === '∅' ? '' : codes,
      unit,
      drugType,
      ...context.map(blank),
      ...amounts,
    ]
    return shown.join(separator).toLowerCase()
  })
}

const priceColumn =
  '^standard_charge ?\\|.*(gross|discounted_cash|min|max|negotiated_dollar|negotiated_percent(age)?) *$|^ *(estimated_amount|median_amount|10th_percentile|90th_percentile)|^(gross_charge|discounted_cash|minimum|maximum|standard_charge(_dollar|_percentage|_percent)?)$'

/** Populated cells of prices: in the tables, once for each row of the source that shares one, and those kept in `extra`. */
export async function publishedCells(pool: Pool, fileId: number, tall: boolean): Promise<number> {
  const { cells } = await one<{ cells: string }>(
    pool,
    sql`
    with shared as (
      select c.id, num_nonnulls(c.gross, c.discounted_cash, c.minimum, c.maximum) as cells,
        case when ${tall} then greatest(1, (select sum(cardinality(b.plan_ids)) from prices.rate_blocks b where b.charge_id = c.id)) else 1 end as times
      from prices.charges c where c.file_id = ${fileId}
    ), extras as (
      select 'item' as kind, i.id, i.extra from prices.items i where i.file_id = ${fileId} and i.extra is not null
      union all select 'charge', c.id, c.extra from prices.charges c where c.file_id = ${fileId} and c.extra is not null
      union all select 'rate', r.id, r.extra from prices.rates r where r.file_id = ${fileId} and r.extra is not null
      union all select 'modifier', min(m.id), m.extra from prices.modifiers m where m.file_id = ${fileId} and m.extra is not null
        group by m.row_number, m.extra
    ), members as (
      select k.key, k.value from extras e, jsonb_each(e.extra) k where k.key <> 'payers_without_rate'
      union all
      select k.key, k.value from extras e, jsonb_array_elements(e.extra -> 'payers_without_rate') p, jsonb_each(p) k
        where jsonb_typeof(p) = 'object'
    )
    select (select coalesce(sum(cells * times), 0) from shared)
      + (select coalesce(sum(num_nonnulls(r.negotiated_dollar, r.negotiated_percentage, r.estimated_amount, r.median_amount,
          r.percentile_10th, r.percentile_90th)), 0) from prices.rates r where r.file_id = ${fileId})
      + (select coalesce(sum(num_nonnulls(m.negotiated_dollar, m.negotiated_percentage)), 0) from prices.modifiers m where m.file_id = ${fileId})
      + (select count(*) from members where lower(key) ~ ${priceColumn} and value not in ('null', '""')) as cells`,
  )
  return Number(cells)
}
