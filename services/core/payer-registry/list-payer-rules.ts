/** GET /v1/core/payer-rules */
import { type Pool, preparedRows } from '@glimmr/lib/db'
import { cursorPart, decodeCursor, pageOf, pageParameters, sendPage } from '@glimmr/lib/pages'
import { problems, textField } from '@glimmr/lib/problem-schema'
import type { Server } from '@glimmr/lib/server'
import { join, sql } from '@glimmr/lib/sql'
import { z } from 'zod'
import { ruleColumns, ruleKinds, ruleSchema } from './payer-rule.ts'

const query = z.strictObject({
  kind: z.enum(ruleKinds).optional(),
  target: textField(100).optional(),
  ...pageParameters,
})

const position = z.tuple([cursorPart.integer])

export function routeListPayerRules(app: Server, pool: Pool): void {
  const schema = {
    operationId: 'listPayerRules',
    summary: 'How published names become payers, classes and plan types',
    description:
      'Every answer about a payer is by one of these rules, which /v1/core/plans names. A rule looks for whole words in the name of the payer and of the plan.',
    tags: ['payers'],
    querystring: query,
    response: { 200: pageOf('payer_rules', ruleSchema), ...problems(400) },
  }
  app.get('/v1/core/payer-rules', { schema, config: { scope: 'core:read' } }, async (request, reply) => {
    const { limit, cursor, ...filters } = request.query
    const scope = { list: 'payer_rules', filters }
    const after = decodeCursor(scope, position, cursor)
    const conditions = [sql`true`]
    if (filters.kind !== undefined) conditions.push(sql`r.kind = ${filters.kind}`)
    if (filters.target !== undefined) conditions.push(sql`r.target = ${filters.target}`)
    if (after) conditions.push(sql`r.id > ${after[0]}`)
    const rows = await preparedRows<{ id: number; json: string }>(
      pool,
      sql`select r.id::int as id, row_to_json(shown)::text as json
        from core.payer_rules r cross join lateral (select ${ruleColumns}) shown
        where ${join(conditions, ' and ')} order by r.id limit ${limit + 1}`,
    )
    return sendPage(request, reply, { rows, limit, scope, positionOf: row => [row.id] })
  })
}
