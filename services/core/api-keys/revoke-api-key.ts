/** DELETE /v1/core/api-keys/{id} */
import { identityOf } from '@glimmr/lib/auth'
import { execute, type Pool } from '@glimmr/lib/db'
import { problem } from '@glimmr/lib/errors'
import { problems } from '@glimmr/lib/problem-schema'
import type { Server } from '@glimmr/lib/server'
import { sql } from '@glimmr/lib/sql'
import { z } from 'zod'

export function routeRevokeApiKey(app: Server, pool: Pool): void {
  const schema = {
    operationId: 'revokeApiKey',
    summary: 'Revoke an API key',
    description:
      'For good. Once more is no error. Tokens that were made of the key live on for their 15 minutes.',
    tags: ['api keys'],
    params: z.object({ id: z.uuid() }),
    response: { 204: z.null().describe('Revoked'), ...problems(400, 404) },
  }
  app.delete('/v1/core/api-keys/:id', { schema, config: { scope: 'admin' } }, async (request, reply) => {
    const { id } = request.params
    const revoked = await execute(
      pool,
      sql`update core.api_keys set revoked_at = coalesce(revoked_at, now())
        where id = ${id} and organisation_id = ${identityOf(request).organisation}`,
    )
    if (revoked === 0) throw problem(404, `There is no API key ${id} in your organisation`)
    return reply.code(204).send(null)
  })
}
