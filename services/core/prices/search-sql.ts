/**
 * The search for prices by code, made so that its work follows from the page, not from how often a code occurs:
 *
 *   current files, in the order of their ids         (files_published; those without the code, then those without the payer, are skipped)
 *   └ items of one file that carry the code            (item_codes_code: a file's items are one range of ids)
 *     └ charges of the item                            (charges_item)
 *       └ blocks of the charge's rates                 (rate_blocks_pkey; those without the plans are skipped)
 *         └ rates of the block, as they stand in it
 *
 * Every level is a sub-query in its own order, joined laterally to the level above, and the whole stops at `limit`. Postgres
 * can run that in one way only: from the outside in, row by row. So the rows come in the order of their keys without a
 * sort, and nothing is read beyond the last row of the page. An `order by` on the whole would be the same order, but its
 * (incremental) sort looks for the first row of the next file and item before it gives out the last of this one: for a payer
 * that few items have, that is most of the work. The page itself is sorted by price.ts.
 *
 * `npm run bench -- prices` measures it on two million rates.
 */
import { empty, join, type Sql, sql } from '@glimmr/lib/sql'
import { currentFiles } from '../history/current-files.ts'
import type { Wanted, WantedPlans } from './find-payers.ts'

export type PriceSearch = WantedPlans & {
  /** As lib/codes writes it. */
  code: string
  /** In capitals; undefined: any. */
  codeTypes: string[] | undefined
  /** What the rules say of a plan; undefined: any. */
  match: PlanMatch
  hospitalId: string | undefined
  setting: string | undefined
  billingClass: string | undefined
  /** In capitals, sorted, each once; empty: none; undefined: any. */
  modifiers?: string[] | undefined
  /** Files as they were current on that day; undefined: now. */
  asOf: string | undefined
  /** The newest publication that the first page saw; undefined: this is the first. */
  seen?: string | undefined
  /** The last price of the page before. */
  after: Position | undefined
  limit: number
}

/** By core.plan_matches. */
export type PlanMatch = {
  payer_class?: string | undefined
  canonical_payer?: string | undefined
  plan_type?: string | undefined
}

/** item, charge, rate; rate 0 for a charge without any payer. */
export type Position = readonly [item: string, charge: string, rate: string]

export function priceKeys(search: PriceSearch): Sql {
  const { after = start, limit } = search
  const byPayer = namesPlan(search)
  return sql`
    select f.id as file_id, i.item_id, c.charge_id, c.rate_id, f.published_at
    from (${currentFiles({ ...search, from: sql`(${after[0]}::bigint >> 32)::int` })}) f
    ${byPayer ? sql`cross join lateral (${anyCarrier(search)}) carrying cross join lateral (${plansOfFile(search)}) priced` : empty}
    cross join lateral (${itemsOfFile(search)}) i
    cross join lateral (${chargesOfItem(search)}) c
    limit ${limit}`
}

const start: Position = ['0', '0', '0']

/**
 * One row if the file has the code at all. An index probe, where putting the plans of a file together takes a millisecond or
 * two: for a rare code they are those of hundreds of files that do not have it.
 */
function anyCarrier(search: PriceSearch): Sql {
  return sql`select from prices.item_codes k where k.code_normalised = ${search.code} and ${inFile(sql`k.item_id`, search)} limit 1`
}

/** An item of the file, from the last page's on. */
function inFile(item: Sql, { after = start }: PriceSearch): Sql {
  return sql`${item} >= greatest(f.id::bigint << 32, ${after[0]}::bigint) and ${item} < (f.id + 1)::bigint << 32`
}

/**
 * One row if the file has wanted plans: which, and in which of its items they may occur (see prices.file_plans). Payers and
 * what the rules say of them become plans here, once a file, so that nothing has to be looked up for a rate.
 */
function plansOfFile({ payers, plans, match }: PriceSearch): Sql {
  return sql`
    select array_agg(fp.plan_id) as plan_ids, bit_or(fp.item_groups) as item_groups, bool_or(fp.item_groups is null) as anywhere
    from prices.file_plans fp
    where fp.file_id = f.id
      ${wantedOnly(payers, { id: sql`fp.payer_id`, name: sql`select lower(y.name) from prices.payers y where y.id = fp.payer_id` })}
      ${wantedOnly(plans, { id: sql`fp.plan_id`, name: sql`select lower(l.name) from prices.plans l where l.id = fp.plan_id` })}
      ${matchCondition(match)}
    having count(*) > 0`
}

function wantedOnly(wanted: Wanted | null, { id, name }: { id: Sql; name: Sql }): Sql {
  if (wanted === null) return empty
  return 'ids' in wanted
    ? sql`and ${id} = any(${wanted.ids}::int[])`
    : sql`and (${name}) like ${wanted.named}`
}

/** A value and no `exists`, which would become a join: of some hundred plans of a file with all those of the payer. */
function matchCondition({ payer_class, canonical_payer, plan_type }: PlanMatch): Sql {
  const conditions: Sql[] = []
  if (payer_class !== undefined) conditions.push(sql`m.payer_class = ${payer_class}`)
  if (canonical_payer !== undefined) conditions.push(sql`m.canonical_payer = ${canonical_payer}`)
  if (plan_type !== undefined) conditions.push(sql`m.plan_type = ${plan_type}`)
  if (conditions.length === 0) return empty
  return sql`and (select ${join(conditions, ' and ')} from core.plan_matches m where m.plan_id = fp.plan_id)`
}

function itemsOfFile(search: PriceSearch): Sql {
  const { code, codeTypes } = search
  const ofType = codeTypes === undefined ? empty : sql`and upper(ic.code_type) = any(${codeTypes}::text[])`
  const priced = namesPlan(search)
    ? sql`and (priced.anywhere or get_bit(priced.item_groups, (((ic.item_id & 4294967295) - 1) >> 3)::int) = 1)`
    : empty
  return sql`
    select distinct ic.item_id
    from prices.item_codes ic
    where ic.code_normalised = ${code} ${ofType} ${priced} and ${inFile(sql`ic.item_id`, search)}
    order by ic.item_id`
}

/** Without a payer in the search, a charge that no payer has a rate for is a price too: gross and cash. */
function chargesOfItem(search: PriceSearch): Sql {
  const { setting, billingClass, modifiers, limit } = search
  const [item, charge] = search.after ?? start
  const charges = sql`
    select c.id from prices.charges c
    where c.item_id = i.item_id
      and c.id >= case when i.item_id = ${item}::bigint then ${charge}::bigint else 0 end
      ${setting === undefined ? empty : sql`and c.setting = any(${holdingFor(setting)}::text[])`}
      ${billingClass === undefined ? empty : sql`and c.billing_class = any(${holdingFor(billingClass)}::text[])`}
      ${modifiers === undefined ? empty : sql`and array(select distinct upper(m) from unnest(c.modifiers) m order by 1) = ${modifiers}::text[]`}
    order by c.id`
  const joined = namesPlan(search)
    ? sql`cross join lateral (${ratesOfCharge(search)}) r`
    : sql`left join lateral (${ratesOfCharge(search)}) r on true where (r.id is not null or c.id <> ${charge}::bigint)`
  return sql`select c.id as charge_id, r.id as rate_id from (${charges}) c ${joined} limit ${limit}`
}

/** A charge that was published for both holds for either: in files of some hospitals, two thirds of the charges. */
function holdingFor(word: string): string[] {
  return word === 'both' ? ['both'] : [word, 'both']
}

function ratesOfCharge(search: PriceSearch): Sql {
  const [, charge, rate] = search.after ?? start
  const after = sql`case when c.id = ${charge}::bigint then ${rate}::bigint else 0 end`
  const byPlan = namesPlan(search)
  return sql`
    select r.id
    from (
      select b.first_id, b.plan_ids from prices.rate_blocks b
      where b.charge_id = c.id and b.first_id > ${after} - 64 ${byPlan ? sql`and b.plan_ids && priced.plan_ids` : empty}
      order by b.first_id
    ) b
    cross join lateral (
      select b.first_id + p.n - 1 as id from unnest(b.plan_ids) with ordinality p (plan_id, n)
      where b.first_id + p.n - 1 > ${after} ${byPlan ? sql`and p.plan_id = any(priced.plan_ids)` : empty}
      order by p.n
    ) r`
}

/** Whether only some plans are wanted: a charge without any payer is none of them. */
function namesPlan({ payers, plans, match }: PriceSearch): boolean {
  return payers !== null || plans !== null || Object.values(match).some(value => value !== undefined)
}
