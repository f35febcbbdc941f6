/** DELETE /v1/core/payer-rules/{id} */
import { identityOf } from '@glimmr/lib/auth'
import { maybeOne, type Pool, transaction } from '@glimmr/lib/db'
import { problem } from '@glimmr/lib/errors'
import { problems } from '@glimmr/lib/problem-schema'
import type { Server } from '@glimmr/lib/server'
import { sql } from '@glimmr/lib/sql'
import { z } from 'zod'
import { recordChange } from '../audit/record-change.ts'
import { lockRules, plansNaming, rematch } from './payer-rule.ts'

type Rule = { kind: string; target: string; match: string; phrase: string }

export function routeDeletePayerRule(app: Server, pool: Pool): void {
  const schema = {
    operationId: 'deletePayerRule',
    summary: 'Forget a rule',
    description: 'It no longer counts, at once; the next best rule does.',
    tags: ['payers'],
    params: z.object({ id: z.coerce.number().int().min(1).max(2_147_483_647) }),
    response: {
      200: z.object({ plans_changed: z.number().int() }).describe('Forgotten'),
      ...problems(400, 404),
    },
  }
  app.delete('/v1/core/payer-rules/:id', { schema, config: { scope: 'organisations' } }, async request => {
    const { id } = request.params
    return transaction(pool, async client => {
      await lockRules(client)
      const rule = await maybeOne<Rule>(
        client,
        sql`delete from core.payer_rules where id = ${id} returning kind, target, match, phrase`,
      )
      if (!rule) throw problem(404, `There is no payer rule ${id}`)
      const { organisation } = identityOf(request)
      await recordChange(client, request, {
        organisation,
        action: 'payer_rule.deleted',
        target: String(id),
        detail: rule,
      })
      return { plans_changed: await rematch(client, plansNaming(rule.phrase)) }
    })
  })
}
