/** POST /v1/core/organisations */
import { maybeOne, type Pool, transaction } from '@glimmr/lib/db'
import { problem } from '@glimmr/lib/errors'
import { problems, textField } from '@glimmr/lib/problem-schema'
import type { Server } from '@glimmr/lib/server'
import { sql } from '@glimmr/lib/sql'
import { z } from 'zod'
import { recordChange } from '../audit/record-change.ts'
import { type Organisation, organisationColumns, organisationSchema } from './organisation.ts'

export function routeCreateOrganisation(app: Server, pool: Pool): void {
  const schema = {
    operationId: 'createOrganisation',
    summary: 'Make an organisation',
    description: 'Then make its first key: POST /v1/core/api-keys with its id as organisation_id.',
    tags: ['organisations'],
    body: z.strictObject({ name: textField(200) }),
    response: { 201: organisationSchema.describe('Made'), ...problems(400, 409) },
  }
  const config = { scope: 'organisations' }
  app.post('/v1/core/organisations', { schema, config }, async (request, reply) => {
    const { name } = request.body
    const made = await transaction(pool, async client => {
      const row = await maybeOne<Organisation>(
        client,
        sql`insert into core.organisations (name) values (${name}) on conflict (name) do nothing
          returning ${organisationColumns}`,
      )
      if (!row) throw problem(409, `There is an organisation "${name}" already`)
      await recordChange(client, request, {
        organisation: row.id,
        action: 'organisation.created',
        target: row.id,
        detail: { name },
      })
      return row
    })
    return reply.code(201).header('location', `/v1/core/organisations/${made.id}`).send(made)
  })
}
