/** From the names in a request to the payers and plans they mean. */
import { type Pool, preparedRows } from '@glimmr/lib/db'
import { problem } from '@glimmr/lib/errors'
import { empty, type Sql, sql } from '@glimmr/lib/sql'
import { containing } from '../containing.ts'

export type PayerFilter = {
  payer?: string | undefined
  payer_id?: number | undefined
  plan?: string | undefined
  plan_id?: number | undefined
}

/** Ids to match; null: any. An empty list: nothing can match. */
export type PayerIds = { payers: number[] | null; plans: number[] | null }

const maxNames = 1_000

/** Names match in any part and any case; more than a thousand of them is a 400 problem. */
export async function findPayers(pool: Pool, filter: PayerFilter): Promise<PayerIds> {
  const { payer, payer_id, plan, plan_id } = filter
  const byPlan = plan !== undefined || plan_id !== undefined
  const [payers, plans] = await Promise.all([
    payer === undefined ? null : idsOf(pool, 'payer', payersNamed(payer)),
    plan === undefined ? null : idsOf(pool, 'plan', plansNamed(plan, payer, payer_id)),
  ])
  return {
    payers: both(payers, payer_id),
    plans: byPlan ? both(plans, plan_id) : null,
  }
}

function both(found: number[] | null, id: number | undefined): number[] | null {
  if (id === undefined) return found
  return found === null || found.includes(id) ? [id] : []
}

async function idsOf(pool: Pool, parameter: string, statement: Sql): Promise<number[]> {
  const found = await preparedRows<{ id: number }>(pool, statement)
  if (found.length > maxNames) {
    const message = `matches more than ${maxNames} published names: give a longer part of one, or its id from /v1/core/${parameter}s`
    throw problem(400, `${parameter} ${message}`, { errors: [{ path: parameter, message }] })
  }
  return found.map(row => row.id)
}

function payersNamed(name: string): Sql {
  return sql`select p.id from prices.payers p where lower(p.name) like ${containing(name)} limit ${maxNames + 1}`
}

/** Plans are named alike everywhere ("PPO"): only those of the payer count, where one is given. */
function plansNamed(name: string, payer: string | undefined, payerId: number | undefined): Sql {
  const ofPayer =
    payer === undefined
      ? empty
      : sql`and exists (select from prices.payers y where y.id = p.payer_id and lower(y.name) like ${containing(payer)})`
  const ofPayerId = payerId === undefined ? empty : sql`and p.payer_id = ${payerId}`
  return sql`
    select p.id from prices.plans p where lower(p.name) like ${containing(name)} ${ofPayer} ${ofPayerId}
    limit ${maxNames + 1}`
}
