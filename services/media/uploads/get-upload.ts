/** GET /v1/media/uploads/{id} */
import { identityOf } from '@glimmr/lib/auth'
import { sendJson } from '@glimmr/lib/pages'
import { problems } from '@glimmr/lib/problem-schema'
import type { Server } from '@glimmr/lib/server'
import { z } from 'zod'
import type { Media } from '../media.ts'
import { requireVisible, uploadSchema } from './upload.ts'

export function routeGetUpload(app: Server, { pool }: Media): void {
  const schema = {
    operationId: 'getUpload',
    summary: 'The state of an upload',
    description: 'With its progress in bytes and rows, and the reasons when it was rejected.',
    tags: ['uploads'],
    params: z.object({ id: z.uuid() }),
    response: { 200: uploadSchema, ...problems(400, 404) },
  }
  app.get('/v1/media/uploads/:id', { schema, config: { scope: 'media:read' } }, async (request, reply) => {
    const upload = await requireVisible(pool, identityOf(request), request.params.id)
    reply.header('cache-control', 'no-store')
    return sendJson(reply, upload.json)
  })
}
