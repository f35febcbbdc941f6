/** GET /v1/core/organisations/{id} */
import { maybeOne, type Pool } from '@glimmr/lib/db'
import { problem } from '@glimmr/lib/errors'
import { problems } from '@glimmr/lib/problem-schema'
import type { Server } from '@glimmr/lib/server'
import { sql } from '@glimmr/lib/sql'
import { z } from 'zod'
import { type Organisation, organisationColumns, organisationSchema } from './organisation.ts'

export function routeGetOrganisation(app: Server, pool: Pool): void {
  const schema = {
    operationId: 'getOrganisation',
    summary: 'One organisation',
    tags: ['organisations'],
    params: z.object({ id: z.uuid() }),
    response: { 200: organisationSchema.describe('The organisation'), ...problems(400, 404) },
  }
  app.get('/v1/core/organisations/:id', { schema, config: { scope: 'organisations' } }, async request => {
    const { id } = request.params
    const found = await maybeOne<Organisation>(
      pool,
      sql`select ${organisationColumns} from core.organisations where id = ${id}`,
    )
    if (!found) throw problem(404, `There is no organisation ${id}`)
    return found
  })
}
