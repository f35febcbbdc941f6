/** An API key as the API shows it: never the key itself, nor its hash. */
import { roles } from '@glimmr/lib/api-keys'
import { z } from 'zod'

export const roleSchema = z.enum(roles)

const time = z.iso.datetime({ offset: true }).nullable()

export const apiKeySchema = z
  .object({
    id: z.uuid(),
    name: z.string(),
    prefix: z.string().describe('The first characters of the key'),
    roles: z.array(roleSchema).describe('The first is the default role'),
    scopes: z.array(z.string()),
    created_by: z.string().nullable(),
    created_at: time,
    expires_at: time,
    revoked_at: time,
    last_used_at: time.describe('Within some seconds'),
  })
  .meta({ id: 'ApiKey' })
