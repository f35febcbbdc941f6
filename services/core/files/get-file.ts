/** GET /v1/core/files/{id} */
import { identityOf } from '@glimmr/lib/auth'
import { type Pool, preparedRows } from '@glimmr/lib/db'
import { problem } from '@glimmr/lib/errors'
import { sendJson } from '@glimmr/lib/pages'
import { problems } from '@glimmr/lib/problem-schema'
import type { Server } from '@glimmr/lib/server'
import { sql } from '@glimmr/lib/sql'
import { z } from 'zod'
import { readable, wholeFile, wholeFileSchema } from './file.ts'

export const fileParams = z.object({ id: z.coerce.number().int().min(1).max(2_147_483_647) })

export function routeGetFile(app: Server, pool: Pool): void {
  const schema = {
    operationId: 'getFile',
    summary: 'One price file: what it says of itself, its counts, and the rules it breaks',
    tags: ['files'],
    params: fileParams,
    response: { 200: wholeFileSchema.describe('The file'), ...problems(400, 404) },
  }
  app.get('/v1/core/files/:id', { schema, config: { scope: 'core:read' } }, async (request, reply) => {
    const { id } = request.params
    const statement = wholeFile(sql`f.id = ${id} and ${readable(identityOf(request).organisation)}`)
    const [file] = await preparedRows<{ json: string }>(pool, statement)
    if (!file) throw fileNotFound(id)
    return sendJson(reply, file.json)
  })
}

/** The same for a file that is not there and one the caller may not see: ids tell nothing. */
export function fileNotFound(id: number) {
  return problem(404, `There is no file ${id} that was published or is of your organisation`)
}
