/** DELETE /v1/links/links/{id} */
import { identityOf } from '@glimmr/lib/auth'
import { execute, maybeOne, type Pool, transaction } from '@glimmr/lib/db'
import { problem } from '@glimmr/lib/errors'
import { problems } from '@glimmr/lib/problem-schema'
import type { Server } from '@glimmr/lib/server'
import { sql } from '@glimmr/lib/sql'
import { z } from 'zod'

export function routeDeleteLink(app: Server, pool: Pool): void {
  const schema = {
    operationId: 'deleteLink',
    summary: 'Delete a short link and its clicks',
    tags: ['links'],
    params: z.object({ id: z.coerce.number().int().min(1).max(Number.MAX_SAFE_INTEGER) }),
    response: { 204: z.null().describe('Deleted'), ...problems(400, 404) },
  }
  app.delete('/v1/links/links/:id', { schema, config: { scope: 'links:write' } }, async (request, reply) => {
    const { id } = request.params
    const deleted = await transaction(pool, async client => {
      // Locked first: a batch of clicks that is being written waits, and then finds no link.
      const own = await maybeOne(
        client,
        sql`select from links.links where id = ${id} and organisation_id = ${identityOf(request).organisation} for update`,
      )
      if (!own) return 0
      await execute(client, sql`delete from links.link_clicks where link_id = ${id}`)
      return execute(client, sql`delete from links.links where id = ${id}`)
    })
    if (deleted === 0) throw problem(404, `There is no link ${id} in your organisation`)
    return reply.code(204).send(null)
  })
}
