/** GET /v1/core/plans */
import { type Pool, preparedRows } from '@glimmr/lib/db'
import { decodeCursor, pageOf, pageParameters, sendPage } from '@glimmr/lib/pages'
import { problems, textField } from '@glimmr/lib/problem-schema'
import type { Server } from '@glimmr/lib/server'
import { join, sql } from '@glimmr/lib/sql'
import { z } from 'zod'
import { containing } from '../containing.ts'

const query = z.strictObject({
  payer_id: z.coerce.number().int().min(1).max(2_147_483_647).optional(),
  name: textField(200).optional().describe('A part of the name, in any case'),
  ...pageParameters,
})

const planSchema = z.object({
  id: z.number().int(),
  payer_id: z.number().int(),
  payer: z.string(),
  name: z.string().nullable().describe('As published; null where the file names a payer without a plan'),
})

const position = z.tuple([z.number().int()])

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
    if (after) conditions.push(sql`p.id > ${after[0]}`)
    const rows = await preparedRows<{ id: number; json: string }>(
      pool,
      sql`select p.id, json_build_object('id', p.id, 'payer_id', p.payer_id, 'payer', y.name, 'name', p.name)::text as json
        from prices.plans p join prices.payers y on y.id = p.payer_id
        where ${join(conditions, ' and ')} order by p.id limit ${limit + 1}`,
    )
    return sendPage(request, reply, { rows, limit, scope, positionOf: row => [row.id] })
  })
}

const published = sql`exists (
  select from prices.file_plans fp join prices.files f on f.id = fp.file_id and f.status = 'published'
  where fp.plan_id = p.id and fp.payer_id = p.payer_id)`
