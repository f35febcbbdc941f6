/** GET /v1/media/uploads */
import { identityOf } from '@glimmr/lib/auth'
import { rows } from '@glimmr/lib/db'
import { cursorPart, decodeCursor, pageOf, pageParameters, sendPage } from '@glimmr/lib/pages'
import { problems } from '@glimmr/lib/problem-schema'
import type { Server } from '@glimmr/lib/server'
import { join, sql } from '@glimmr/lib/sql'
import { z } from 'zod'
import type { Media } from '../media.ts'
import { statuses, type UploadRow, uploadSchema, uploads, visibleTo } from './upload.ts'

const query = z.strictObject({
  status: z.enum(statuses).optional(),
  hospital_id: z.uuid().optional().describe('Chosen by the uploader'),
  ...pageParameters,
})

const position = z.tuple([cursorPart.time, z.uuid()])

export function routeListUploads(app: Server, { pool }: Media): void {
  const schema = {
    operationId: 'listUploads',
    summary: 'Uploads of the own organisation',
    description: 'Those of the own organisation, the newest first.',
    tags: ['uploads'],
    querystring: query,
    response: { 200: pageOf('uploads', uploadSchema), ...problems(400) },
  }
  app.get('/v1/media/uploads', { schema, config: { scope: 'media:read' } }, async (request, reply) => {
    const { limit, cursor, ...filters } = request.query
    const scope = { list: 'uploads', filters }
    const after = decodeCursor(scope, position, cursor)
    const conditions = [visibleTo(identityOf(request))]
    if (filters.status !== undefined) conditions.push(sql`state.status = ${filters.status}`)
    if (filters.hospital_id !== undefined) conditions.push(sql`u.hospital_id = ${filters.hospital_id}`)
    if (after) conditions.push(sql`(u.created_at, u.id) < (${after[0]}::timestamptz, ${after[1]}::uuid)`)
    const found = await rows<UploadRow>(
      pool,
      sql`${uploads(join(conditions, ' and '))} order by u.created_at desc, u.id desc limit ${limit + 1}`,
    )
    return sendPage(request, reply, { rows: found, limit, scope, positionOf: row => [row.created, row.id] })
  })
}
