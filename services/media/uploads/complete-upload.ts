/** POST /v1/media/uploads/{id}/complete */
import { identityOf } from '@glimmr/lib/auth'
import { maybeOne } from '@glimmr/lib/db'
import { sendJson } from '@glimmr/lib/pages'
import { problems } from '@glimmr/lib/problem-schema'
import type { Server } from '@glimmr/lib/server'
import { sql } from '@glimmr/lib/sql'
import { z } from 'zod'
import type { Media } from '../media.ts'
import { notComplete, type StoredUpload, storedUploadColumns, storeUpload } from './store-upload.ts'
import { noUpload, requireVisible, uploadSchema, visibleTo } from './upload.ts'

export function routeCompleteUpload(app: Server, media: Media): void {
  const schema = {
    operationId: 'completeUpload',
    summary: 'Say that the file has been sent',
    description:
      'Looks into the store and hands the file to the pipeline. May be called again, and need not be called at all: the store tells us too, and we look from time to time. Parts of a large file are joined here.',
    tags: ['uploads'],
    params: z.object({ id: z.uuid() }),
    response: { 202: uploadSchema, ...problems(400, 404, 409, 503) },
  }
  const config = { scope: 'media:write' }
  app.post('/v1/media/uploads/:id/complete', { schema, config }, async (request, reply) => {
    const identity = identityOf(request)
    const { id } = request.params
    const upload = await maybeOne<StoredUpload>(
      media.pool,
      sql`select ${storedUploadColumns} from media.uploads u where u.id = ${id} and ${visibleTo(identity)}`,
    )
    if (!upload) throw noUpload(id)
    const outcome = await storeUpload(media, upload, { by: 'complete', linkedTo: request.traceparent })
    if (outcome.state !== 'stored') throw notComplete(upload, outcome)
    reply.code(202)
    return sendJson(reply, (await requireVisible(media.pool, identity, id)).json)
  })
}
