/**
 * From the names in a request to the payers and plans they mean.
 *
 * A few names become ids here, once a search, and a file that has none of them costs an index probe. Names are of all tenants
 * together, and one file can bring thousands that hold "Aetna": where too many match to be listed, each file's own plans are
 * asked for the name (search-sql.ts), of which it has some hundreds. So a search by name always has an answer, and what
 * anybody uploads makes it slower at most: by 2 ms for each file of 400 plans that has the code.
 */
import { type Pool, preparedRows } from '@glimmr/lib/db'
import { empty, type Sql, sql } from '@glimmr/lib/sql'
import { containing } from '../containing.ts'

export type PayerFilter = {
  payer?: string | undefined
  payer_id?: number | undefined
  plan?: string | undefined
  plan_id?: number | undefined
}

/** By their ids (an empty list: nothing can match), or by a LIKE pattern for their lower-cased names. */
export type Wanted = { ids: number[] } | { named: string }

/** null: any. */
export type WantedPlans = { payers: Wanted | null; plans: Wanted | null }

/** Each plan of a file is compared with all ids, one after the other: with 700 of them, looking at its name is as quick. */
const mostIds = 500
/** That many names are looked at, published or not. */
const mostNames = 5_000

/** Names match in any part and any case. */
export async function findPayers(pool: Pool, filter: PayerFilter): Promise<WantedPlans> {
  const [payers, plans] = await Promise.all([wantedPayers(pool, filter), wantedPlans(pool, filter)])
  return { payers, plans }
}

async function wantedPayers(pool: Pool, { payer, payer_id }: PayerFilter): Promise<Wanted | null> {
  if (payer === undefined) return payer_id === undefined ? null : { ids: [payer_id] }
  const named = containing(payer)
  const withId = payer_id === undefined ? empty : sql`and p.id = ${payer_id}`
  const names = sql`select p.id from prices.payers p where lower(p.name) like ${named} ${withId}`
  return (await idsOf(pool, names, sql`fp.payer_id = n.id`)) ?? { named }
}

/** Plans are named alike everywhere ("PPO"): only those of the payer count, where one is given. */
async function wantedPlans(pool: Pool, filter: PayerFilter): Promise<Wanted | null> {
  const { payer, payer_id, plan, plan_id } = filter
  if (plan === undefined) return plan_id === undefined ? null : { ids: [plan_id] }
  const named = containing(plan)
  const withId = plan_id === undefined ? empty : sql`and p.id = ${plan_id}`
  const ofPayerId = payer_id === undefined ? empty : sql`and p.payer_id = ${payer_id}`
  const ofPayer =
    payer === undefined
      ? empty
      : sql`and exists (select from prices.payers y where y.id = p.payer_id and lower(y.name) like ${containing(payer)})`
  const names = sql`select p.id from prices.plans p where lower(p.name) like ${named} ${withId} ${ofPayerId} ${ofPayer}`
  return (await idsOf(pool, names, sql`fp.plan_id = n.id`)) ?? { named }
}

/**
 * Of `names`, those that a file brought which is published or was: the names of one that was rejected stay in the table.
 * Undefined: too many to list.
 */
async function idsOf(pool: Pool, names: Sql, ofFile: Sql): Promise<Wanted | undefined> {
  const [found] = await preparedRows<{ looked_at: number; ids: number[] }>(
    pool,
    sql`
      with names as materialized (${names} limit ${mostNames + 1})
      select (select count(*)::int from names) as looked_at, array(
        select n.id from names n
        where exists (
          select from prices.file_plans fp
          join prices.files f on f.id = fp.file_id and f.status in ('published', 'superseded')
          where ${ofFile})
        limit ${mostIds + 1}) as ids`,
  )
  if (!found || found.looked_at > mostNames || found.ids.length > mostIds) return undefined
  return { ids: found.ids }
}
