/** GET /v1/core/organisations */
import { type Pool, preparedRows } from '@glimmr/lib/db'
import { decodeCursor, pageOf, pageParameters, sendPage } from '@glimmr/lib/pages'
import { problems } from '@glimmr/lib/problem-schema'
import type { Server } from '@glimmr/lib/server'
import { empty, sql } from '@glimmr/lib/sql'
import { z } from 'zod'
import { organisationColumns, organisationSchema } from './organisation.ts'

const position = z.tuple([z.uuid()])

export function routeListOrganisations(app: Server, pool: Pool): void {
  const schema = {
    operationId: 'listOrganisations',
    summary: 'Every organisation of this installation',
    tags: ['organisations'],
    querystring: z.strictObject(pageParameters),
    response: { 200: pageOf('organisations', organisationSchema), ...problems(400) },
  }
  const config = { scope: 'organisations' }
  app.get('/v1/core/organisations', { schema, config }, async (request, reply) => {
    const { limit, cursor } = request.query
    const scope = { list: 'organisations', filters: {} }
    const after = decodeCursor(scope, position, cursor)
    const rows = await preparedRows<{ id: string; json: string }>(
      pool,
      sql`
        select shown.id, row_to_json(shown)::text as json
        from (select ${organisationColumns} from core.organisations) shown
        ${after ? sql`where shown.id > ${after[0]}::uuid` : empty}
        order by shown.id limit ${limit + 1}`,
    )
    return sendPage(request, reply, { rows, limit, scope, positionOf: row => [row.id] })
  })
}
