/** GET /v1/links/links */
import { identityOf } from '@glimmr/lib/auth'
import { type Pool, preparedRows } from '@glimmr/lib/db'
import { decodeCursor, pageOf, pageParameters, sendPage } from '@glimmr/lib/pages'
import { problems } from '@glimmr/lib/problem-schema'
import type { Server } from '@glimmr/lib/server'
import { empty, sql } from '@glimmr/lib/sql'
import { z } from 'zod'
import { type LinkRow, linkSchema, links } from './link.ts'

const position = z.tuple([z.string().regex(/^\d{1,18}$/)])

export function routeListLinks(app: Server, { pool, publicUrl }: { pool: Pool; publicUrl: string }): void {
  const schema = {
    operationId: 'listLinks',
    summary: 'Short links of the own organisation, newest first',
    tags: ['links'],
    querystring: z.strictObject(pageParameters),
    response: { 200: pageOf('links', linkSchema), ...problems(400) },
  }
  app.get('/v1/links/links', { schema, config: { scope: 'links:read' } }, async (request, reply) => {
    const { limit, cursor } = request.query
    const { organisation } = identityOf(request)
    const scope = { list: 'links', filters: { organisation } }
    const after = decodeCursor(scope, position, cursor)
    const rows = await preparedRows<LinkRow>(
      pool,
      sql`${links(publicUrl, sql`l.organisation_id = ${organisation} ${after ? sql`and l.id < ${after[0]}::bigint` : empty}`)}
        order by l.id desc limit ${limit + 1}`,
    )
    return sendPage(request, reply, { rows, limit, scope, positionOf: row => [row.id] })
  })
}
