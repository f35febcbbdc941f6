/** GET /v1/core/users */
import { type Pool, preparedRows } from '@glimmr/lib/db'
import { cursorPart, decodeCursor, pageOf, pageParameters, sendPage } from '@glimmr/lib/pages'
import { problems } from '@glimmr/lib/problem-schema'
import type { Server } from '@glimmr/lib/server'
import { empty, sql } from '@glimmr/lib/sql'
import { z } from 'zod'
import { organisationFor, organisationParameter } from '../organisations/organisation-for.ts'
import { userColumns, userSchema } from './user.ts'

const position = z.tuple([cursorPart.time, z.uuid()])

export function routeListUsers(app: Server, pool: Pool): void {
  const schema = {
    operationId: 'listUsers',
    summary: 'Users of the own organisation',
    description: 'Oldest first, disabled ones too.',
    tags: ['users'],
    querystring: z.strictObject({ ...organisationParameter, ...pageParameters }),
    response: { 200: pageOf('users', userSchema), ...problems(400) },
  }
  app.get('/v1/core/users', { schema, config: { scope: 'admin' } }, async (request, reply) => {
    const { limit, cursor, organisation_id } = request.query
    const organisation = organisationFor(request, organisation_id)
    const scope = { list: 'users', filters: { organisation } }
    const after = decodeCursor(scope, position, cursor)
    const rows = await preparedRows<{ id: string; created: string; json: string }>(
      pool,
      sql`
        select u.id, to_json(u.created_at) #>> '{}' as created, row_to_json(shown)::text as json
        from core.users u
        join lateral (select ${userColumns} from core.users same where same.id = u.id) shown on true
        where u.organisation_id = ${organisation}
          ${after ? sql`and (u.created_at, u.id) > (${after[0]}::timestamptz, ${after[1]}::uuid)` : empty}
        order by u.created_at, u.id limit ${limit + 1}`,
    )
    return sendPage(request, reply, { rows, limit, scope, positionOf: row => [row.created, row.id] })
  })
}
