/** GET /v1/core/hospitals/{id}/publications: which file was current when. */
import { identityOf } from '@glimmr/lib/auth'
import { type Pool, preparedRows } from '@glimmr/lib/db'
import { decodeCursor, pageOf, pageParameters, sendPage } from '@glimmr/lib/pages'
import { problems } from '@glimmr/lib/problem-schema'
import type { Server } from '@glimmr/lib/server'
import { empty, sql } from '@glimmr/lib/sql'
import { z } from 'zod'
import { hospitalNotFound } from '../hospitals/get-hospital.ts'

const time = z.iso.datetime({ offset: true })

const publicationSchema = z
  .object({
    file_id: z.number().int(),
    filename: z.string(),
    sha256: z.string(),
    last_updated_on: z.iso.date().nullable().describe('What the hospital states in the file'),
    rates_count: z.number().int(),
    same_prices_as: z
      .number()
      .int()
      .nullable()
      .describe('The earlier file of the hospital that holds the same prices, in whatever order'),
    published_at: time,
    superseded_at: time.nullable().describe('null: current'),
  })
  .meta({ id: 'Publication' })

const position = z.tuple([z.string().regex(/^\d{1,16}$/)])

export function routeListPublications(app: Server, pool: Pool): void {
  const schema = {
    operationId: 'listPublications',
    summary: 'Which file of a hospital was current when',
    description:
      'Newest first. What was published stays readable: its file, its prices by `as_of`, and the changes between two files by `/diff`. A file whose bytes were sent again after another took its place occurs twice.',
    tags: ['hospitals'],
    params: z.object({ id: z.uuid() }),
    querystring: z.strictObject(pageParameters),
    response: { 200: pageOf('publications', publicationSchema), ...problems(400, 404) },
  }
  const config = { scope: 'core:read' }
  app.get('/v1/core/hospitals/:id/publications', { schema, config }, async (request, reply) => {
    const { id } = request.params
    const { limit, cursor } = request.query
    const scope = { list: 'publications', filters: { id } }
    const after = decodeCursor(scope, position, cursor)
    const rows = await preparedRows<{ id: string; json: string }>(
      pool,
      sql`
        select p.id, json_build_object('file_id', f.id, 'filename', f.filename, 'sha256', f.sha256,
          'last_updated_on', f.last_updated_on, 'rates_count', f.rates_count, 'same_prices_as', f.same_prices_as,
          'published_at', p.published_at, 'superseded_at', p.superseded_at)::text as json
        from prices.publications p join prices.files f on f.id = p.file_id
        where p.hospital_id = ${id} ${after ? sql`and p.id < ${after[0]}::bigint` : empty}
        order by p.id desc limit ${limit + 1}`,
    )
    if (rows.length === 0 && !after) {
      const own = sql`select from core.hospitals h where h.id = ${id} and h.organisation_id = ${identityOf(request).organisation}`
      if ((await preparedRows(pool, own)).length === 0) throw hospitalNotFound(id)
    }
    return sendPage(request, reply, { rows, limit, scope, positionOf: row => [row.id] })
  })
}
