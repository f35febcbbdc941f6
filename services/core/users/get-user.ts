/** GET /v1/core/users/{id} */
import { maybeOne, type Pool } from '@glimmr/lib/db'
import { problem } from '@glimmr/lib/errors'
import { problems } from '@glimmr/lib/problem-schema'
import type { Server } from '@glimmr/lib/server'
import { sql } from '@glimmr/lib/sql'
import { z } from 'zod'
import { changeableBy } from '../organisations/organisation-for.ts'
import { type User, userColumns, userSchema } from './user.ts'

export function routeGetUser(app: Server, pool: Pool): void {
  const schema = {
    operationId: 'getUser',
    summary: 'One user',
    tags: ['users'],
    params: z.object({ id: z.uuid() }),
    response: { 200: userSchema.describe('The user'), ...problems(400, 404) },
  }
  app.get('/v1/core/users/:id', { schema, config: { scope: 'admin' } }, async request => {
    const { id } = request.params
    const within = changeableBy(request)
    const found = await maybeOne<User>(
      pool,
      sql`select ${userColumns} from core.users
        where id = ${id} and organisation_id = coalesce(${within}::uuid, organisation_id)`,
    )
    if (!found) throw problem(404, `There is no user ${id} in your organisation`)
    return found
  })
}
