/** POST /v1/core/users */
import { identityOf } from '@glimmr/lib/auth'
import { maybeOne, type Pool, transaction } from '@glimmr/lib/db'
import { problem } from '@glimmr/lib/errors'
import { problems, textField } from '@glimmr/lib/problem-schema'
import type { Server } from '@glimmr/lib/server'
import { sql } from '@glimmr/lib/sql'
import { z } from 'zod'
import { requireGrantable } from '../api-keys/grant.ts'
import { recordChange } from '../audit/record-change.ts'
import { organisationFor, organisationParameter } from '../organisations/organisation-for.ts'
import { rolesField, type User, userColumns, userSchema } from './user.ts'

const body = z.strictObject({
  name: textField(200),
  issuer: textField(500).describe('`iss` of its tokens, to the letter; one that this installation takes'),
  subject: textField(200).describe('`sub` of its tokens'),
  roles: rolesField,
  ...organisationParameter,
})

export function routeCreateUser(app: Server, pool: Pool): void {
  const schema = {
    operationId: 'createUser',
    summary: 'Let somebody in who signs in at an external issuer',
    description:
      'As a user of this organisation; they may be one of others too, with roles of their own there. A token that names no ' +
      'organisation acts for the one whose id the request says in `X-Organisation`.',
    tags: ['users'],
    body,
    response: { 201: userSchema.describe('Made'), ...problems(400, 404, 409) },
  }
  app.post('/v1/core/users', { schema, config: { scope: 'admin' } }, async (request, reply) => {
    const { name, issuer, subject, roles, organisation_id } = request.body
    const organisation = organisationFor(request, organisation_id)
    requireGrantable(request, roles)
    const made = await transaction(pool, async client => {
      const row = await maybeOne<User>(
        client,
        sql`insert into core.users (organisation_id, name, issuer, subject, roles, created_by)
          values (${organisation}, ${name}, ${issuer}, ${subject}, ${roles}, ${identityOf(request).subject})
          on conflict (issuer, subject, organisation_id) do nothing returning ${userColumns}`,
      ).catch(error => {
        if (error.code === '23503') throw problem(404, `There is no organisation ${organisation}`)
        throw error
      })
      if (!row) throw problem(409, 'The organisation has a user of this issuer and subject already')
      await recordChange(client, request, {
        organisation,
        action: 'user.created',
        target: row.id,
        detail: { name, issuer, subject, roles },
      })
      return row
    })
    return reply.code(201).header('location', `/v1/core/users/${made.id}`).send(made)
  })
}
