/** PATCH /v1/core/users/{id} */
import { maybeOne, type Pool, transaction } from '@glimmr/lib/db'
import { problem } from '@glimmr/lib/errors'
import { problems, textField } from '@glimmr/lib/problem-schema'
import type { Server } from '@glimmr/lib/server'
import { sql } from '@glimmr/lib/sql'
import { z } from 'zod'
import { requireGrantable } from '../api-keys/grant.ts'
import { recordChange } from '../audit/record-change.ts'
import { changeableBy } from '../organisations/organisation-for.ts'
import { rolesField, type User, userColumns, userSchema } from './user.ts'

const body = z
  .strictObject({
    name: textField(200).optional(),
    roles: rolesField.optional(),
    disabled: z
      .boolean()
      .optional()
      .describe('true: neither its tokens nor its keys are good, within five seconds'),
  })
  .refine(change => Object.keys(change).length > 0, 'changes nothing')

export function routeChangeUser(app: Server, pool: Pool): void {
  const schema = {
    operationId: 'changeUser',
    summary: "Change a user's name or roles, disable them, or let them in again",
    tags: ['users'],
    params: z.object({ id: z.uuid() }),
    body,
    response: { 200: userSchema.describe('As it is now'), ...problems(400, 404) },
  }
  app.patch('/v1/core/users/:id', { schema, config: { scope: 'admin' } }, async request => {
    const { id } = request.params
    const { name, roles, disabled } = request.body
    if (roles) requireGrantable(request, roles)
    const within = changeableBy(request)
    return transaction(pool, async client => {
      const row = await maybeOne<User>(
        client,
        sql`update core.users set
            name = coalesce(${name ?? null}, name),
            roles = coalesce(${roles ?? null}, roles),
            disabled_at = case ${disabled ?? null}::boolean
              when true then coalesce(disabled_at, now()) when false then null else disabled_at end
          where id = ${id} and organisation_id = coalesce(${within}::uuid, organisation_id)
          returning ${userColumns}`,
      )
      if (!row) throw problem(404, `There is no user ${id} in your organisation`)
      await recordChange(client, request, {
        organisation: row.organisation_id,
        action: 'user.changed',
        target: id,
        detail: request.body,
      })
      return row
    })
  })
}
