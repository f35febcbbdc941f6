/** An API key as the API shows it: never the key itself, nor its hash. */
import { limitClasses, roles } from '@glimmr/lib/api-keys'
import { type Sql, sql } from '@glimmr/lib/sql'
import { z } from 'zod'

export const roleSchema = z.enum(roles)
export const limitClassSchema = z.enum(limitClasses)

const time = z.iso.datetime({ offset: true }).nullable()

export const apiKeySchema = z
  .object({
    id: z.uuid(),
    organisation_id: z.uuid(),
    user_id: z.uuid().nullable().describe('Whose it is: it ends with them'),
    name: z.string(),
    prefix: z.string().describe('The first characters of the key'),
    roles: z.array(roleSchema).describe('The first is the default role'),
    scopes: z.array(z.string()),
    limit_class: limitClassSchema.describe('How often it may ask'),
    created_by: z.string().nullable(),
    created_at: time,
    expires_at: time,
    revoked_at: time,
    last_used_at: time.describe('Within some seconds'),
  })
  .meta({ id: 'ApiKey' })

export type ApiKey = z.infer<typeof apiKeySchema>

/** Of a row `k` of core.api_keys and, where it has one, `u` of auth.key_uses. */
export const apiKeyColumns: Sql = sql`k.id, k.organisation_id, k.user_id, k.name, k.prefix, k.roles, k.scopes,
  k.limit_class, k.created_by, to_json(k.created_at) as created_at, to_json(k.expires_at) as expires_at,
  to_json(k.revoked_at) as revoked_at, to_json(u.last_used_at) as last_used_at`
