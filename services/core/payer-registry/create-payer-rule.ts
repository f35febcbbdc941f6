/** POST /v1/core/payer-rules: an alias of a payer, or a word that tells a class or a plan type. */
import { identityOf } from '@glimmr/lib/auth'
import { maybeOne, one, type Pool, type Queryable, transaction } from '@glimmr/lib/db'
import { problem } from '@glimmr/lib/errors'
import { payerClasses, planTypes } from '@glimmr/lib/price-query'
import { problems, textField } from '@glimmr/lib/problem-schema'
import type { Server } from '@glimmr/lib/server'
import { sql } from '@glimmr/lib/sql'
import { z } from 'zod'
import { recordChange } from '../audit/record-change.ts'
import { lockRules, plansNaming, rematch, ruleColumns, ruleKinds, ruleSchema, unclear } from './payer-rule.ts'

const body = z.strictObject({
  kind: z.enum(ruleKinds),
  target: textField(100).describe(
    'A canonical payer, a payer class or a plan type; unclear, for a payer or a class: the phrase tells nothing',
  ),
  match: z.enum(['equals', 'contains']).default('contains'),
  phrase: textField(100).describe(
    'As hospitals write it ("BCBS of MA", "AvMed"): case, punctuation and numbers in brackets do not count',
  ),
  priority: z.number().int().min(-100).max(100).default(0),
})

const madeSchema = ruleSchema.extend({
  plans_changed: z.number().int().describe('Published plans about which the answer is now another one'),
})

export function routeCreatePayerRule(app: Server, pool: Pool): void {
  const schema = {
    operationId: 'createPayerRule',
    summary: 'Teach a name of a payer, a class or a plan type',
    description:
      'It holds at once, also for what was published before: nothing is loaded again. Payers are the same for all organisations, so rules are for the operator.',
    tags: ['payers'],
    body,
    response: { 201: madeSchema.describe('Made'), ...problems(400, 404, 409) },
  }
  app.post('/v1/core/payer-rules', { schema, config: { scope: 'organisations' } }, async (request, reply) => {
    const { kind, target, match, priority } = request.body
    const made = await transaction(pool, async client => {
      await lockRules(client)
      await mustBeTarget(client, kind, target)
      const phrase = await plainPhrase(client, request.body.phrase)
      const { subject, organisation } = identityOf(request)
      const rule = await maybeOne<{ id: number; json: z.infer<typeof ruleSchema> }>(
        client,
        sql`
          with r as (
            insert into core.payer_rules (kind, target, match, phrase, priority, created_by)
            values (${kind}, ${target}, ${match}, ${phrase}, ${priority}, ${subject})
            on conflict (kind, match, phrase) do nothing returning *
          )
          select row_to_json(shown) as json, r.id::int as id from r cross join lateral (select ${ruleColumns}) shown`,
      )
      if (!rule)
        throw problem(409, `There is a ${kind} rule already that ${match} “${phrase}”: delete it first`)
      const detail = { kind, target, match, phrase, priority }
      await recordChange(client, request, {
        organisation,
        action: 'payer_rule.created',
        target: String(rule.id),
        detail,
      })
      const changed = await rematch(client, plansNaming(phrase))
      return { ...rule.json, plans_changed: changed }
    })
    return reply.code(201).send(made)
  })
}

async function mustBeTarget(db: Queryable, kind: (typeof ruleKinds)[number], target: string): Promise<void> {
  if (target === unclear && kind !== 'plan_type') return
  if (kind === 'payer') {
    if (await maybeOne(db, sql`select from core.canonical_payers where slug = ${target}`)) return
    throw problem(
      404,
      `There is no canonical payer ${target}: make it with PUT /v1/core/canonical-payers/${target}`,
    )
  }
  const words: readonly string[] = kind === 'class' ? payerClasses : planTypes
  if (words.includes(target)) return
  const message = `is not one of ${words.join(', ')}`
  throw problem(400, `target ${message}`, { errors: [{ path: 'target', message }] })
}

async function plainPhrase(db: Queryable, phrase: string): Promise<string> {
  const { plain } = await one<{ plain: string }>(db, sql`select core.plain_name(${phrase}) as plain`)
  if (plain !== '') return plain
  const message = 'holds no letter or digit'
  throw problem(400, `phrase ${message}`, { errors: [{ path: 'phrase', message }] })
}
