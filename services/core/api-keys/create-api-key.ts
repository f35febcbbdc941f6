/** POST /v1/core/api-keys */
import { createApiKey } from '@glimmr/lib/api-keys'
import { identityOf } from '@glimmr/lib/auth'
import { one, type Pool } from '@glimmr/lib/db'
import { problems, textField } from '@glimmr/lib/problem-schema'
import type { Server } from '@glimmr/lib/server'
import { sql } from '@glimmr/lib/sql'
import { z } from 'zod'
import { apiKeySchema, roleSchema } from './api-key.ts'

const body = z.strictObject({
  name: textField(200).describe('What it is for'),
  roles: z
    .array(roleSchema)
    .min(1)
    .max(5)
    .refine(roles => new Set(roles).size === roles.length, 'names a role twice')
    .describe('The first is the default role'),
  expires_in_days: z
    .number()
    .int()
    .min(1)
    .max(3_650)
    .optional()
    .describe('Without it the key lives until revoked'),
})

const madeSchema = apiKeySchema.omit({ last_used_at: true }).extend({
  key: z.string().describe('Shown this once: only its hash is kept'),
})

/** Only for admins, whose scopes are all there are: a key cannot make one that may do more. */
export function routeCreateApiKey(app: Server, pool: Pool): void {
  const schema = {
    operationId: 'createApiKey',
    summary: 'Make an API key for the own organisation',
    tags: ['api keys'],
    body,
    response: { 201: madeSchema.describe('Made'), ...problems(400) },
  }
  app.post('/v1/core/api-keys', { schema, config: { scope: 'admin' } }, async (request, reply) => {
    const { organisation, subject } = identityOf(request)
    const { name, roles, expires_in_days } = request.body
    const { key, prefix, hash, scopes } = createApiKey({ roles })
    const row = await one<Omit<z.infer<typeof madeSchema>, 'key'>>(
      pool,
      sql`
        insert into core.api_keys (organisation_id, name, prefix, hash, roles, scopes, created_by, expires_at)
        values (${organisation}, ${name}, ${prefix}, ${hash}, ${roles}, ${scopes}, ${subject},
          now() + make_interval(days => ${expires_in_days ?? null}))
        returning id, name, prefix, roles, scopes, created_by, to_json(created_at) as created_at,
          to_json(expires_at) as expires_at, to_json(revoked_at) as revoked_at`,
    )
    return reply
      .code(201)
      .header('cache-control', 'no-store')
      .send({ ...row, key })
  })
}
