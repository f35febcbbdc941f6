/** GET /v1/core/plans */
import { type Pool, preparedRows } from '@glimmr/lib/db'
import { cursorPart, decodeCursor, pageOf, pageParameters, sendPage } from '@glimmr/lib/pages'
import { payerClasses, planTypes } from '@glimmr/lib/price-query'
import { problems, textField } from '@glimmr/lib/problem-schema'
import type { Server } from '@glimmr/lib/server'
import { join, type Sql, sql } from '@glimmr/lib/sql'
import { z } from 'zod'
import { containing } from '../containing.ts'

const query = z.strictObject({
  payer_id: z.coerce.number().int().min(1).max(2_147_483_647).optional(),
  name: textField(200).optional().describe('A part of the name, in any case'),
  canonical_payer: textField(60).optional(),
  payer_class: z.enum(payerClasses).optional(),
  unmatched: z
    .enum(['payer', 'class', 'plan_type'])
    .optional()
    .describe('Only plans of which the rules cannot say this'),
  ...pageParameters,
})

const reason = z
  .object({ rule: z.number().int().nullable(), says: z.string() })
  .nullable()
  .describe(
    'rule null: what is assumed of the canonical payer. A rule beside a null: it says that this is unclear',
  )

const planSchema = z.object({
  id: z.number().int(),
  payer_id: z.number().int(),
  payer: z.string(),
  name: z.string().nullable().describe('As published; null where the file names a payer without a plan'),
  canonical_payer: z.string().nullable(),
  payer_class: z.enum(payerClasses).nullable(),
  plan_type: z.enum(planTypes).nullable(),
  because: z
    .object({ canonical_payer: reason, payer_class: reason, plan_type: reason })
    .describe('By which rule of /v1/core/payer-rules'),
})

const position = z.tuple([cursorPart.integer])

export function routeListPlans(app: Server, pool: Pool): void {
  const schema = {
    operationId: 'listPlans',
    summary: 'Plans of payers, as published',
    tags: ['payers'],
    querystring: query,
    response: { 200: pageOf('plans', planSchema), ...problems(400) },
  }
  app.get('/v1/core/plans', { schema, config: { scope: 'core:read' } }, async (request, reply) => {
    const { limit, cursor, ...filters } = request.query
    const scope = { list: 'plans', filters }
    const after = decodeCursor(scope, position, cursor)
    const conditions = [published]
    if (filters.payer_id !== undefined) conditions.push(sql`p.payer_id = ${filters.payer_id}`)
    if (filters.name !== undefined) conditions.push(sql`lower(p.name) like ${containing(filters.name)}`)
    if (filters.canonical_payer !== undefined)
      conditions.push(sql`m.canonical_payer = ${filters.canonical_payer}`)
    if (filters.payer_class !== undefined) conditions.push(sql`m.payer_class = ${filters.payer_class}`)
    if (filters.unmatched !== undefined) conditions.push(sql`${unknown[filters.unmatched]} is null`)
    if (after) conditions.push(sql`p.id > ${after[0]}`)
    const rows = await preparedRows<{ id: number; json: string }>(
      pool,
      sql`select p.id, json_build_object('id', p.id, 'payer_id', p.payer_id, 'payer', y.name, 'name', p.name,
          'canonical_payer', m.canonical_payer, 'payer_class', m.payer_class, 'plan_type', m.plan_type,
          'because', json_build_object('canonical_payer', ${ruleSays(sql`m.payer_rule`)},
            'payer_class', coalesce(${ruleSays(sql`m.class_rule`)}, case when m.payer_class is not null
              then json_build_object('rule', null, 'says', 'what is assumed of ' || m.canonical_payer) end),
            'plan_type', ${ruleSays(sql`m.type_rule`)}))::text as json
        from prices.plans p join prices.payers y on y.id = p.payer_id
        left join core.plan_matches m on m.plan_id = p.id
        where ${join(conditions, ' and ')} order by p.id limit ${limit + 1}`,
    )
    return sendPage(request, reply, { rows, limit, scope, positionOf: row => [row.id] })
  })
}

const unknown = { payer: sql`m.canonical_payer`, class: sql`m.payer_class`, plan_type: sql`m.plan_type` }

/** `{"rule": 12, "says": "contains “bcbs ma”"}` */
function ruleSays(rule: Sql): Sql {
  return sql`(select json_build_object('rule', k.id, 'says', k.match || ' “' || k.phrase || '”')
    from core.payer_rules k where k.id = ${rule})`
}

const published = sql`exists (
  select from prices.file_plans fp join prices.files f on f.id = fp.file_id and f.status = 'published'
  where fp.plan_id = p.id and fp.payer_id = p.payer_id)`
