/** DELETE /v1/core/api-keys/{id} */
import { maybeOne, type Pool, transaction } from '@glimmr/lib/db'
import { problem } from '@glimmr/lib/errors'
import { problems } from '@glimmr/lib/problem-schema'
import type { Server } from '@glimmr/lib/server'
import { sql } from '@glimmr/lib/sql'
import { z } from 'zod'
import { recordChange } from '../audit/record-change.ts'
import { changeableBy } from '../organisations/organisation-for.ts'

type Revoked = { organisation_id: string; prefix: string; now: boolean }

export function routeRevokeApiKey(app: Server, pool: Pool): void {
  const schema = {
    operationId: 'revokeApiKey',
    summary: 'Revoke an API key',
    description:
      'For good, seen within five seconds by the gateway, also for tokens that were made of the key. Once more is no error.',
    tags: ['api keys'],
    params: z.object({ id: z.uuid() }),
    response: { 204: z.null().describe('Revoked'), ...problems(400, 404) },
  }
  app.delete('/v1/core/api-keys/:id', { schema, config: { scope: 'admin' } }, async (request, reply) => {
    const { id } = request.params
    const within = changeableBy(request)
    await transaction(pool, async client => {
      const row = await maybeOne<Revoked>(
        client,
        sql`update core.api_keys set revoked_at = coalesce(revoked_at, now())
          where id = ${id} and organisation_id = coalesce(${within}::uuid, organisation_id)
          returning organisation_id, prefix, revoked_at = now() as now`,
      )
      if (!row) throw problem(404, `There is no API key ${id} in your organisation`)
      if (row.now)
        await recordChange(client, request, {
          organisation: row.organisation_id,
          action: 'api_key.revoked',
          target: id,
          detail: { prefix: row.prefix },
        })
    })
    return reply.code(204).send(null)
  })
}
