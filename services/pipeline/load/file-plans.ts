/** Says which plans a file prices, with how many rates and in which of its items: prices.file_plans, by which searches go. */
import { execute, type Queryable } from '@glimmr/lib/db'
import { sql } from '@glimmr/lib/sql'
import type { Pair } from './payers.ts'
import type { Rows } from './rows.ts'

export type PlanLimits = {
  /** Bits of all plans together; beyond it none are written, and a search looks at every item. */
  bits: number
  /** Bits and plans of one statement. */
  statementBits: number
  statementPlans: number
}

/** 16 MB in the database. A file of a million items and 400 plans has 50 million bits; a real one some hundred thousand. */
const defaultLimits: PlanLimits = { bits: 128 << 20, statementBits: 4 << 20, statementPlans: 5000 }

/** Runs in the caller's transaction. */
export async function addPlans(
  db: Queryable,
  fileId: number,
  { payers, groups, counts: { items } }: Pick<Rows, 'payers' | 'groups' | 'counts'>,
  limits: PlanLimits = defaultLimits,
): Promise<void> {
  const used = payers.all().filter(pair => pair.rates > 0)
  const bitsEach = Math.ceil(items / 8)
  const known = used.length * bitsEach <= limits.bits
  const step = Math.max(1, Math.min(limits.statementPlans, Math.floor(limits.statementBits / bitsEach)))
  for (let from = 0; from < used.length; from += step) {
    const plans = used.slice(from, from + step)
    const bits = plans.map(pair => (known ? groups.bits(pair.index, items) : null))
    await execute(db, insert(fileId, plans, bits))
  }
}

function insert(fileId: number, plans: Pair[], bits: (string | null)[]) {
  return sql`
    insert into prices.file_plans (file_id, plan_id, payer_id, rates_count, item_groups)
    select ${fileId}, p.plan_id, p.payer_id, p.rates_count, p.item_groups::bit varying
    from unnest(${plans.map(pair => pair.planId)}::int[], ${plans.map(pair => pair.payerId)}::int[],
      ${plans.map(pair => pair.rates)}::bigint[], ${bits}::text[]) as p (plan_id, payer_id, rates_count, item_groups)`
}
