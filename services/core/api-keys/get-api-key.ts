/** GET /v1/core/api-keys/{id} */
import { maybeOne, type Pool } from '@glimmr/lib/db'
import { problem } from '@glimmr/lib/errors'
import { problems } from '@glimmr/lib/problem-schema'
import type { Server } from '@glimmr/lib/server'
import { sql } from '@glimmr/lib/sql'
import { z } from 'zod'
import { changeableBy } from '../organisations/organisation-for.ts'
import { type ApiKey, apiKeyColumns, apiKeySchema } from './api-key.ts'

export function routeGetApiKey(app: Server, pool: Pool): void {
  const schema = {
    operationId: 'getApiKey',
    summary: 'One API key',
    tags: ['api keys'],
    params: z.object({ id: z.uuid() }),
    response: { 200: apiKeySchema.describe('The key, without the key itself'), ...problems(400, 404) },
  }
  app.get('/v1/core/api-keys/:id', { schema, config: { scope: 'admin' } }, async request => {
    const { id } = request.params
    const within = changeableBy(request)
    const found = await maybeOne<ApiKey>(
      pool,
      sql`select ${apiKeyColumns} from core.api_keys k left join auth.key_uses u on u.api_key_id = k.id
        where k.id = ${id} and k.organisation_id = coalesce(${within}::uuid, k.organisation_id)`,
    )
    if (!found) throw problem(404, `There is no API key ${id} in your organisation`)
    return found
  })
}
