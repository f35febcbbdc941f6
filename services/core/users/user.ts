/** A user as the API shows it: somebody who signs in at an external issuer. */
import { type Sql, sql } from '@glimmr/lib/sql'
import { z } from 'zod'

const time = z.iso.datetime({ offset: true })

export const userRoles = ['admin', 'uploader', 'partner', 'viewer', 'operator'] as const

export const rolesField = z
  .array(z.enum(userRoles))
  .min(1)
  .max(5)
  .refine(roles => new Set(roles).size === roles.length, 'names a role twice')
  .describe('The first is the default role')

export const userSchema = z
  .object({
    id: z.uuid(),
    organisation_id: z.uuid(),
    name: z.string(),
    issuer: z.string().describe('`iss` of its tokens'),
    subject: z.string().describe('`sub` of its tokens'),
    roles: z.array(z.enum(userRoles)),
    created_by: z.string(),
    created_at: time,
    disabled_at: time.nullable().describe('Since then neither its tokens nor its keys are good'),
  })
  .meta({ id: 'User' })

export type User = z.infer<typeof userSchema>

/** Of a row of core.users. */
export const userColumns: Sql = sql`id, organisation_id, name, issuer, subject, roles, created_by,
  to_json(created_at) as created_at, to_json(disabled_at) as disabled_at`
