/** POST /v1/core/api-keys */
import { createApiKey, scopesOf, usualClass } from '@glimmr/lib/api-keys'
import { identityOf, requireScope } from '@glimmr/lib/auth'
import { maybeOne, type Pool, transaction } from '@glimmr/lib/db'
import { problem } from '@glimmr/lib/errors'
import { problems, textField } from '@glimmr/lib/problem-schema'
import type { Server } from '@glimmr/lib/server'
import { sql } from '@glimmr/lib/sql'
import { z } from 'zod'
import { recordChange } from '../audit/record-change.ts'
import { organisationFor, organisationParameter } from '../organisations/organisation-for.ts'
import { type ApiKey, apiKeyColumns, apiKeySchema, limitClassSchema, roleSchema } from './api-key.ts'
import { requireGrantable } from './grant.ts'

const body = z
  .strictObject({
    name: textField(200).describe('What it is for'),
    roles: z
      .array(roleSchema)
      .min(1)
      .max(6)
      .refine(roles => new Set(roles).size === roles.length, 'names a role twice')
      .describe('The first is the default role'),
    scopes: z
      .array(z.string().max(100))
      .min(1)
      .max(20)
      .optional()
      .describe('Fewer than the roles give; all of them if left out'),
    limit_class: limitClassSchema
      .optional()
      .describe(
        'Another than standard needs the scope organisations. Left out: partner for the role partner where the caller has that scope, else standard',
      ),
    expires_in_days: z
      .number()
      .int()
      .min(1)
      .max(3_650)
      .optional()
      .describe('Without it the key lives until revoked'),
    user_id: z.uuid().optional().describe('A user of the same organisation, whose key it is'),
    ...organisationParameter,
  })
  .superRefine(({ roles, scopes = [] }, context) => {
    const beyond = scopes.filter(scope => !scopesOf(roles).includes(scope))
    if (beyond.length > 0)
      context.addIssue({
        code: 'custom',
        path: ['scopes'],
        message: `the roles do not give ${beyond.join(', ')}`,
      })
  })

const madeSchema = apiKeySchema.extend({
  key: z.string().describe('Shown this once: only its hash is kept'),
})

export function routeCreateApiKey(app: Server, pool: Pool): void {
  const schema = {
    operationId: 'createApiKey',
    summary: 'Make an API key for the own organisation',
    description: 'It can do no more than the key that makes it.',
    tags: ['api keys'],
    body,
    response: { 201: madeSchema.describe('Made'), ...problems(400, 404) },
  }
  app.post('/v1/core/api-keys', { schema, config: { scope: 'admin' } }, async (request, reply) => {
    const { organisation_id, ...asked } = request.body
    const organisation = organisationFor(request, organisation_id)
    requireGrantable(request, asked.roles)
    const { scopes } = identityOf(request)
    const limitClass =
      asked.limit_class ?? (scopes.includes('organisations') ? usualClass(asked.roles) : 'standard')
    if (limitClass !== 'standard') requireScope(identityOf(request), 'organisations')
    const made = createApiKey({ roles: asked.roles })
    const row = await transaction(pool, async client => {
      const added = await maybeOne<ApiKey>(
        client,
        sql`
          with k as (
            insert into core.api_keys (organisation_id, user_id, name, prefix, hash, roles, scopes, limit_class,
              created_by, expires_at)
            select o.id, u.id, ${asked.name}, ${made.prefix}, ${made.hash}, ${asked.roles},
              ${[...new Set(asked.scopes ?? made.scopes)].sort()}, ${limitClass},
              ${identityOf(request).subject}, now() + make_interval(days => ${asked.expires_in_days ?? null})
            from core.organisations o
            left join core.users u on u.id = ${asked.user_id ?? null} and u.organisation_id = o.id
            where o.id = ${organisation} and (${asked.user_id ?? null}::uuid is null or u.id is not null)
            returning *
          )
          select ${apiKeyColumns} from k left join auth.key_uses u on u.api_key_id = k.id`,
      )
      if (!added) throw problem(404, 'There is no such organisation, or no such user in it')
      await recordChange(client, request, {
        organisation,
        action: 'api_key.created',
        target: added.id,
        detail: { ...asked, limit_class: limitClass, prefix: made.prefix, scopes: added.scopes },
      })
      return added
    })
    return reply
      .code(201)
      .header('cache-control', 'no-store')
      .send({ ...row, key: made.key })
  })
}
