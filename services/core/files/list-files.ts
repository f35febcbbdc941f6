/** GET /v1/core/files */
import { identityOf } from '@glimmr/lib/auth'
import { type Pool, preparedRows } from '@glimmr/lib/db'
import { cursorPart, decodeCursor, pageOf, pageParameters, sendPage } from '@glimmr/lib/pages'
import { dayField, problems } from '@glimmr/lib/problem-schema'
import type { Server } from '@glimmr/lib/server'
import { join, sql } from '@glimmr/lib/sql'
import { z } from 'zod'
import { fileSchema, fileStatuses, files, layouts, visible } from './file.ts'

const query = z.strictObject({
  hospital_id: z.uuid().optional(),
  status: z.enum(fileStatuses).optional(),
  layout: z.enum(layouts).optional(),
  as_of: dayField
    .optional()
    .describe(
      'Files that were current at the end of this day (UTC), one a hospital, superseded since or not; with the dates between which they were current then',
    ),
  ...pageParameters,
})

const position = z.tuple([cursorPart.integer])

export function routeListFiles(app: Server, pool: Pool): void {
  const schema = {
    operationId: 'listFiles',
    summary: 'Price files',
    description:
      "Newest first: everybody's published files, and those of the own organisation in any status. Superseded files of others: by `as_of`, or /v1/core/hospitals/{id}/publications.",
    tags: ['files'],
    querystring: query,
    response: { 200: pageOf('files', fileSchema), ...problems(400) },
  }
  app.get('/v1/core/files', { schema, config: { scope: 'core:read' } }, async (request, reply) => {
    const { limit, cursor, ...filters } = request.query
    const { hospital_id, status, layout, as_of } = filters
    const scope = { list: 'files', filters }
    const after = decodeCursor(scope, position, cursor)
    const conditions = as_of === undefined ? [visible(identityOf(request).organisation)] : []
    if (hospital_id !== undefined) conditions.push(sql`f.hospital_id = ${hospital_id}`)
    if (status !== undefined) conditions.push(sql`f.status = ${status}`)
    if (layout !== undefined) conditions.push(sql`f.layout = ${layout}`)
    if (after) conditions.push(sql`f.id < ${after[0]}`)
    const rows = await preparedRows<{ id: number; json: string }>(
      pool,
      files({
        where: conditions.length > 0 ? join(conditions, ' and ') : sql`true`,
        limit: limit + 1,
        asOf: as_of,
      }),
    )
    return sendPage(request, reply, { rows, limit, scope, positionOf: row => [row.id] })
  })
}
