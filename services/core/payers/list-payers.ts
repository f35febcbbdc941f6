/** GET /v1/core/payers */
import { type Pool, preparedRows } from '@glimmr/lib/db'
import { cursorPart, decodeCursor, pageOf, pageParameters, sendPage } from '@glimmr/lib/pages'
import { problems, textField } from '@glimmr/lib/problem-schema'
import type { Server } from '@glimmr/lib/server'
import { join, sql } from '@glimmr/lib/sql'
import { z } from 'zod'
import { containing } from '../containing.ts'

const query = z.strictObject({
  name: textField(200).optional().describe('A part of the name, in any case'),
  ...pageParameters,
})

const payerSchema = z.object({ id: z.number().int(), name: z.string().describe('As published') })

const position = z.tuple([cursorPart.integer])

export function routeListPayers(app: Server, pool: Pool): void {
  const schema = {
    operationId: 'listPayers',
    summary: 'Payers, as published',
    description: 'Every spelling is a payer of its own: hospitals name the same insurer differently.',
    tags: ['payers'],
    querystring: query,
    response: { 200: pageOf('payers', payerSchema), ...problems(400) },
  }
  app.get('/v1/core/payers', { schema, config: { scope: 'core:read' } }, async (request, reply) => {
    const { limit, cursor, ...filters } = request.query
    const scope = { list: 'payers', filters }
    const after = decodeCursor(scope, position, cursor)
    const conditions = [published]
    if (filters.name !== undefined) conditions.push(sql`lower(p.name) like ${containing(filters.name)}`)
    if (after) conditions.push(sql`p.id > ${after[0]}`)
    const rows = await preparedRows<{ id: number; json: string }>(
      pool,
      sql`select p.id, json_build_object('id', p.id, 'name', p.name)::text as json
        from prices.payers p where ${join(conditions, ' and ')} order by p.id limit ${limit + 1}`,
    )
    return sendPage(request, reply, { rows, limit, scope, positionOf: row => [row.id] })
  })
}

/** Names of files that were rejected, or are still loading, are not published. */
const published = sql`exists (
  select from prices.file_plans fp join prices.files f on f.id = fp.file_id and f.status = 'published'
  where fp.payer_id = p.id)`
