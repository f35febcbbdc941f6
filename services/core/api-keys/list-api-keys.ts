/** GET /v1/core/api-keys */
import { type Pool, preparedRows } from '@glimmr/lib/db'
import { cursorPart, decodeCursor, pageOf, pageParameters, sendPage } from '@glimmr/lib/pages'
import { problems } from '@glimmr/lib/problem-schema'
import type { Server } from '@glimmr/lib/server'
import { empty, sql } from '@glimmr/lib/sql'
import { z } from 'zod'
import { organisationFor, organisationParameter } from '../organisations/organisation-for.ts'
import { apiKeyColumns, apiKeySchema } from './api-key.ts'

const position = z.tuple([cursorPart.time, z.uuid()])

export function routeListApiKeys(app: Server, pool: Pool): void {
  const schema = {
    operationId: 'listApiKeys',
    summary: 'API keys of the own organisation',
    description: 'Oldest first, revoked ones too.',
    tags: ['api keys'],
    querystring: z.strictObject({ ...organisationParameter, ...pageParameters }),
    response: { 200: pageOf('api_keys', apiKeySchema), ...problems(400) },
  }
  app.get('/v1/core/api-keys', { schema, config: { scope: 'admin' } }, async (request, reply) => {
    const { limit, cursor, organisation_id } = request.query
    const organisation = organisationFor(request, organisation_id)
    const scope = { list: 'api_keys', filters: { organisation } }
    const after = decodeCursor(scope, position, cursor)
    const rows = await preparedRows<{ id: string; created: string; json: string }>(
      pool,
      sql`
        select k.id, to_json(k.created_at) #>> '{}' as created, row_to_json(shown)::text as json
        from core.api_keys k
        left join auth.key_uses u on u.api_key_id = k.id
        cross join lateral (select ${apiKeyColumns}) shown
        where k.organisation_id = ${organisation}
          ${after ? sql`and (k.created_at, k.id) > (${after[0]}::timestamptz, ${after[1]}::uuid)` : empty}
        order by k.created_at, k.id limit ${limit + 1}`,
    )
    return sendPage(request, reply, { rows, limit, scope, positionOf: row => [row.created, row.id] })
  })
}
