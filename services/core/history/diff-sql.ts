/**
 * What changed between two files of a hospital, in two steps, so that neither holds more than a part of them:
 *
 * 1. `itemGroups` walks the items of both files in the order of their codes. Items that mean the same service form a
 *    group: those with the same set of codes, and, unless one of these is the hospital's own (CDM, LOCAL), with the same
 *    description. Rows have no key in price files; this is the nearest to one.
 * 2. `changesOf` compares the prices of some groups at a time. Equal ones on both sides drop out first. What is left is
 *    paired where all that names a price is equal (setting, billing class, modifiers, drug unit, payer, plan), in the
 *    order of the files: a pair is `changed`, the others are `removed` or `added`.
 *
 * Sets are compared, not lists: a price that is repeated with equal amounts counts once, since files repeat rows freely.
 * The charge's own amounts (gross, cash, minimum, maximum) are an entry without payer, so that a new gross charge is one
 * change and not one for each of a hundred payers.
 */
import { empty, type Sql, sql } from '@glimmr/lib/sql'
import { rateOf } from '../prices/rate.ts'
import type { SearchedCode } from '../prices/searched-code.ts'

export type DiffScope = {
  from: number
  to: number
  /** Undefined: all. */
  ofCode: SearchedCode | undefined
}

/** Of a group: its codes as one text (cut at 300 characters), and a hash of all that makes it one. */
export type GroupPosition = readonly [codes: string, hash: string]

export type ItemGroup = { codes: string; hash: string; items: string[]; sides: number[] }

export function itemGroups(scope: DiffScope, after: GroupPosition | undefined): Sql {
  const { from, to } = scope
  const [codes, hash] = after ?? ['', '']
  const later = after ? sql`where (g.codes, g.hash) > (${codes} collate "C", ${hash} collate "C")` : empty
  return sql`
    select g.codes, g.hash, array_agg(g.id order by g.id) as items, array_agg(g.side order by g.id) as sides
    from (
      select i.id, i.side, left(k.codes, 300) collate "C" as codes,
        md5(k.codes || case when k.own then '' else chr(10) || lower(regexp_replace(btrim(i.description), '[[:space:]]+', ' ', 'g')) end)
          collate "C" as hash
      from (${itemsOf(scope, from, 0)} union all ${itemsOf(scope, to, 1)}) i
      cross join lateral (
        select coalesce(string_agg(upper(c.code_type) || ' ' || c.code_normalised, '|'
            order by upper(c.code_type) collate "C", c.code_normalised collate "C"), '') as codes,
          coalesce(bool_or(upper(c.code_type) in ('CDM', 'LOCAL')), false) as own
        from prices.item_codes c where c.item_id = i.id
      ) k
    ) g
    ${later}
    group by g.codes, g.hash
    order by g.codes, g.hash`
}

/** Those with the code come from its index, in the file's own range: a code that all hospitals have costs what this one has of it. */
function itemsOf({ ofCode }: DiffScope, file: number, side: number): Sql {
  const start = sql`${file}::bigint << 32`
  const end = sql`(${file}::bigint + 1) << 32`
  if (ofCode === undefined)
    return sql`select i.id, i.description, ${side}::int as side from prices.items i where i.id >= ${start} and i.id < ${end}`
  const { code, codeTypes } = ofCode
  const ofType = codeTypes === undefined ? empty : sql`and upper(c.code_type) = any(${codeTypes}::text[])`
  return sql`
    select i.id, i.description, ${side}::int as side
    from (
      select distinct c.item_id from prices.item_codes c
      where c.code_normalised = ${code} and c.item_id >= ${start} and c.item_id < ${end} ${ofType}
    ) c
    join prices.items i on i.id = c.item_id`
}

/** `group`: the number of each item's group in the chunk. */
export type GroupChunk = { items: string[]; sides: number[]; groups: number[] }

export type Change = { group: number; change: 'added' | 'removed' | 'changed'; json: string }

/** In the order of groups; within one, what is named the same stands together. */
export function changesOf({ items, sides, groups }: GroupChunk, kinds: string[] | undefined): Sql {
  return sql`
    with charge as materialized (
      select g.n, g.side, c.*, hash_record_extended(row(
          lower(c.setting), lower(c.billing_class), array(select distinct upper(m) from unnest(c.modifiers) m order by 1),
          i.drug_unit, lower(i.drug_type)), 0) as name
      from unnest(${items}::bigint[], ${sides}::int[], ${groups}::int[]) as g (item_id, side, n)
      join prices.items i on i.id = g.item_id
      join prices.charges c on c.item_id = g.item_id
    ),
    price as (
      select c.n, c.side, c.name, 0::bigint as plan_id,
        hash_record_extended(row(c.gross, c.discounted_cash, c.minimum, c.maximum), 0) as amounts,
        min(c.id) as charge_id, 0::bigint as rate_id
      from charge c
      where num_nonnulls(c.gross, c.discounted_cash, c.minimum, c.maximum) > 0
      group by 1, 2, 3, 4, 5
      union all
      select c.n, c.side, c.name, r.plan_id,
        hash_record_extended(row(r.negotiated_dollar, r.negotiated_percentage, lower(r.methodology), a.body, r.estimated_amount,
          r.median_amount, r.percentile_10th, r.percentile_90th, r.count), 0) as amounts,
        min(c.id), min(r.id)
      from charge c
      join prices.rates r on r.charge_id = c.id
      left join prices.texts a on a.id = r.algorithm_id
      group by 1, 2, 3, 4, 5
    ),
    sided as (
      select p.*, count(*) over (partition by p.n, p.name, p.plan_id, p.amounts) as on_sides from price p
    ),
    numbered as (
      select o.*, row_number() over (partition by o.n, o.name, o.plan_id, o.side order by o.charge_id, o.rate_id) as pair
      from sided o where o.on_sides = 1
    ),
    change as (
      select coalesce(a.n, b.n) as n, coalesce(a.name, b.name) as name, coalesce(a.plan_id, b.plan_id) as plan_id,
        coalesce(a.pair, b.pair) as pair,
        case when a.n is null then 'added' when b.n is null then 'removed' else 'changed' end as change,
        a.charge_id as from_charge, a.rate_id as from_rate, b.charge_id as to_charge, b.rate_id as to_rate
      from (select * from numbered where side = 0) a
      full join (select * from numbered where side = 1) b
        on b.n = a.n and b.name = a.name and b.plan_id = a.plan_id and b.pair = a.pair
    )
    select d.n as "group", d.change, row_to_json(shown)::text as json
    from change d
    join prices.charges c on c.id = coalesce(d.to_charge, d.from_charge)
    join prices.items i on i.id = c.item_id
    left join prices.plans l on l.id = d.plan_id
    left join prices.payers y on y.id = l.payer_id
    cross join lateral (
      select d.change,
        array(select json_build_object('code', k.code, 'type', k.code_type) from prices.item_codes k
          where k.item_id = i.id order by k.ordinal) as codes,
        i.description, c.setting, c.billing_class, coalesce(c.modifiers, '{}') as modifiers, i.drug_unit, i.drug_type,
        y.name as payer, l.name as plan,
        (${amountsOf(sql`d.from_charge`, sql`d.from_rate`)}) as "from", (${amountsOf(sql`d.to_charge`, sql`d.to_rate`)}) as "to"
    ) shown
    ${kinds === undefined ? empty : sql`where d.change = any(${kinds}::text[])`}
    order by d.n, d.plan_id <> 0, y.name collate "C", l.name collate "C", d.name, d.plan_id, d.pair`
}

/**
 * What is blank is left out; digits as published. Null where the file has no such price. The charge's own amounts have no
 * price of their own: their id is that of its first rate, which shows them and the row too; without any, the charge's.
 */
function amountsOf(charge: Sql, rate: Sql): Sql {
  return sql`
    select json_strip_nulls(case when ${rate} = 0
      then json_build_object('price_id',
        s.id || '-' || coalesce((select min(b.first_id) from prices.rate_blocks b where b.charge_id = s.id), 0), 'row', s.row_number, 'gross', s.gross,
        'discounted_cash', s.discounted_cash, 'minimum', s.minimum, 'maximum', s.maximum)
      else (
        select json_build_object('price_id', s.id || '-' || r.id, 'row', r.row_number,
          'negotiated_dollar', r.negotiated_dollar, 'negotiated_percentage', r.negotiated_percentage, 'algorithm', t.body,
          'methodology', r.methodology, 'estimated_amount', r.estimated_amount, 'median', r.median_amount,
          'p10', r.percentile_10th, 'p90', r.percentile_90th, 'count', r.count)
        from (${rateOf(sql`s.id`, rate)}) r left join prices.texts t on t.id = r.algorithm_id)
      end)
    from prices.charges s where s.id = ${charge}`
}
