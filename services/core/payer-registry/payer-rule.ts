/** A rule as the API shows it, and how a change of rules reaches the plans that are there. */
import { one, type Queryable } from '@glimmr/lib/db'
import { type Sql, sql } from '@glimmr/lib/sql'
import { z } from 'zod'

export const ruleKinds = ['payer', 'class', 'plan_type'] as const

/** The target of a phrase that tells nothing, where a part of it alone would: 'kaiser aluminum' is not Kaiser Permanente. */
export const unclear = 'unclear'

export const ruleSchema = z
  .object({
    id: z.number().int(),
    kind: z.enum(ruleKinds).describe('What it says: who the payer is, the payer class, or the plan type'),
    target: z
      .string()
      .describe(
        'A canonical payer, a payer class or a plan type; unclear: what holds the phrase tells nothing',
      ),
    match: z
      .enum(['equals', 'contains'])
      .describe('Of a payer, equals is asked of the name of the payer alone; else both names count'),
    phrase: z.string().describe('Whole words of the payer or plan name, in lower case without punctuation'),
    priority: z
      .number()
      .int()
      .describe(
        'The highest counts, where the name of the payer adds 2 to who it is; then the longest phrase',
      ),
    created_by: z.string().nullable().describe('null: came with Glimmr'),
    created_at: z.iso.datetime({ offset: true }),
  })
  .meta({ id: 'PayerRule' })

export const ruleColumns = sql`r.id, r.kind, r.target, r.match, r.phrase, r.priority, r.created_by, r.created_at`

/** To be the only one who changes rules, and to keep loads from matching new plans meanwhile. Until the transaction ends. */
export async function lockRules(db: Queryable): Promise<void> {
  await db.query("set local statement_timeout = '120s'")
  await one(db, sql`select pg_advisory_xact_lock(hashtextextended('core.payer_rules', 0))`)
}

/** Plans in whose payer or plan name the phrase occurs: no others can be touched by its rule. */
export function plansNaming(phrase: string): Sql {
  const words = ` ${phrase} `
  return sql`
    select l.id from prices.plans l join prices.payers y on y.id = l.payer_id
    where strpos(core.name_forms(y.name), ${words}) > 0 or strpos(core.name_forms(coalesce(l.name, '')), ${words}) > 0`
}

/** Applies the rules to `plans` again; gives how many of them have got another answer. */
export async function rematch(db: Queryable, plans: Sql): Promise<number> {
  const { touched } = await one<{ touched: number }>(
    db,
    sql`select core.match_plans(array(${plans})) as touched`,
  )
  return touched
}
