/** GET /v1/core/hospitals */
import { identityOf } from '@glimmr/lib/auth'
import { type Pool, preparedRows } from '@glimmr/lib/db'
import { cursorPart, decodeCursor, pageOf, pageParameters, sendPage } from '@glimmr/lib/pages'
import { problems, textField } from '@glimmr/lib/problem-schema'
import type { Server } from '@glimmr/lib/server'
import { join, sql } from '@glimmr/lib/sql'
import { z } from 'zod'
import { containing } from '../containing.ts'
import { type HospitalRow, hospitalSchema, hospitals } from './hospital.ts'

const query = z.strictObject({
  name: textField(200).optional().describe('A part of the name, in any case'),
  state: textField(2)
    .transform(state => state.toUpperCase())
    .optional()
    .describe('Two letters'),
  npi: z
    .string()
    .regex(/^\d{10}$/, 'is not ten digits')
    .optional()
    .describe('A type 2 NPI of the hospital'),
  ...pageParameters,
})

const position = z.tuple([cursorPart.text, z.uuid()])

export function routeListHospitals(app: Server, pool: Pool): void {
  const schema = {
    operationId: 'listHospitals',
    summary: 'Hospitals and their current files',
    description:
      "By name: all with published prices, and those of the caller's organisation that have none yet.",
    tags: ['hospitals'],
    querystring: query,
    response: { 200: pageOf('hospitals', hospitalSchema), ...problems(400) },
  }
  app.get('/v1/core/hospitals', { schema, config: { scope: 'core:read' } }, async (request, reply) => {
    const { limit, cursor, ...filters } = request.query
    const scope = { list: 'hospitals', filters }
    const after = decodeCursor(scope, position, cursor)
    const conditions = [sql`true`]
    if (filters.name !== undefined) conditions.push(sql`lower(h.name) like ${containing(filters.name)}`)
    if (filters.state !== undefined) conditions.push(sql`h.state = ${filters.state}`)
    if (filters.npi !== undefined) conditions.push(sql`h.npis @> array[${filters.npi}::text]`)
    if (after) conditions.push(sql`(lower(h.name), h.id) > (${after[0]}, ${after[1]}::uuid)`)
    const rows = await preparedRows<HospitalRow>(
      pool,
      sql`${hospitals(identityOf(request).organisation, join(conditions, ' and '))}
        order by lower(h.name), h.id limit ${limit + 1}`,
    )
    return sendPage(request, reply, { rows, limit, scope, positionOf: row => [row.name_key, row.id] })
  })
}
