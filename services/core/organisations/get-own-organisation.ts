/** GET /v1/core/organisations/me */
import { identityOf } from '@glimmr/lib/auth'
import { maybeOne, type Pool } from '@glimmr/lib/db'
import { problem } from '@glimmr/lib/errors'
import { problems } from '@glimmr/lib/problem-schema'
import type { Server } from '@glimmr/lib/server'
import { sql } from '@glimmr/lib/sql'
import { z } from 'zod'

const organisationSchema = z.object({
  id: z.uuid(),
  name: z.string(),
  key: z.object({ subject: z.string(), roles: z.array(z.string()), scopes: z.array(z.string()) }),
})

export function routeGetOwnOrganisation(app: Server, pool: Pool): void {
  const schema = {
    operationId: 'getOwnOrganisation',
    summary: "The caller's organisation, and what the key may do",
    tags: ['organisations'],
    response: { 200: organisationSchema.describe('The organisation'), ...problems(404) },
  }
  app.get('/v1/core/organisations/me', { schema }, async request => {
    const { organisation, subject, roles, scopes } = identityOf(request)
    const found = await maybeOne<{ id: string; name: string }>(
      pool,
      sql`select id, name from core.organisations where id = ${organisation}`,
    )
    if (!found) throw problem(404, 'The organisation of this key is gone')
    return { ...found, key: { subject, roles, scopes } }
  })
}
