/** GET /v1/core/hospitals/{id} */
import { identityOf } from '@glimmr/lib/auth'
import { type Pool, preparedRows } from '@glimmr/lib/db'
import { problem } from '@glimmr/lib/errors'
import { sendJson } from '@glimmr/lib/pages'
import { problems } from '@glimmr/lib/problem-schema'
import type { Server } from '@glimmr/lib/server'
import { sql } from '@glimmr/lib/sql'
import { z } from 'zod'
import { type HospitalRow, hospitalSchema, hospitals } from './hospital.ts'

export function routeGetHospital(app: Server, pool: Pool): void {
  const schema = {
    operationId: 'getHospital',
    summary: 'One hospital',
    tags: ['hospitals'],
    params: z.object({ id: z.uuid() }),
    response: { 200: hospitalSchema.describe('The hospital'), ...problems(400, 404) },
  }
  app.get('/v1/core/hospitals/:id', { schema, config: { scope: 'core:read' } }, async (request, reply) => {
    const { id } = request.params
    const statement = hospitals(identityOf(request).organisation, sql`h.id = ${id}`)
    const [hospital] = await preparedRows<HospitalRow>(pool, statement)
    if (!hospital) throw hospitalNotFound(id)
    return sendJson(reply, hospital.json)
  })
}

/** The same for a hospital that is not there and one the caller may not see. */
export function hospitalNotFound(id: string) {
  return problem(404, `There is no hospital ${id} with published prices or of your organisation`)
}
