/** PATCH /v1/core/organisations/{id} */
import { identityOf } from '@glimmr/lib/auth'
import { maybeOne, type Pool, transaction } from '@glimmr/lib/db'
import { problem } from '@glimmr/lib/errors'
import { problems, textField } from '@glimmr/lib/problem-schema'
import type { Server } from '@glimmr/lib/server'
import { sql } from '@glimmr/lib/sql'
import { z } from 'zod'
import { recordChange } from '../audit/record-change.ts'
import { type Organisation, organisationColumns, organisationSchema } from './organisation.ts'

const body = z
  .strictObject({
    name: textField(200).optional(),
    suspended: z.boolean().optional().describe('true: none of its keys is good, within five seconds'),
  })
  .refine(change => Object.keys(change).length > 0, 'changes nothing')

export function routeChangeOrganisation(app: Server, pool: Pool): void {
  const schema = {
    operationId: 'changeOrganisation',
    summary: 'Rename an organisation, suspend it, or let it in again',
    tags: ['organisations'],
    params: z.object({ id: z.uuid() }),
    body,
    response: { 200: organisationSchema.describe('As it is now'), ...problems(400, 404, 409) },
  }
  app.patch('/v1/core/organisations/:id', { schema, config: { scope: 'organisations' } }, async request => {
    const { id } = request.params
    const { name, suspended } = request.body
    if (suspended && id === identityOf(request).organisation)
      throw problem(409, 'This is your own organisation: suspended, nobody could let it in again')
    return transaction(pool, async client => {
      const row = await maybeOne<Organisation>(
        client,
        sql`update core.organisations set
            name = coalesce(${name ?? null}, name),
            suspended_at = case ${suspended ?? null}::boolean
              when true then coalesce(suspended_at, now()) when false then null else suspended_at end
          where id = ${id} returning ${organisationColumns}`,
      ).catch(error => {
        if (error.code === '23505')
          throw problem(409, `There is an organisation "${name}" already`, { cause: error })
        throw error
      })
      if (!row) throw problem(404, `There is no organisation ${id}`)
      await recordChange(client, request, {
        organisation: id,
        action: 'organisation.changed',
        target: id,
        detail: request.body,
      })
      return row
    })
  })
}
