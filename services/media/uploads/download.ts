/** GET /v1/media/uploads/{id}/download */
import { identityOf } from '@glimmr/lib/auth'
import { maybeOne } from '@glimmr/lib/db'
import { problem } from '@glimmr/lib/errors'
import { presignGet } from '@glimmr/lib/presign'
import { problems } from '@glimmr/lib/problem-schema'
import type { Server } from '@glimmr/lib/server'
import { sql } from '@glimmr/lib/sql'
import { z } from 'zod'
import type { Media } from '../media.ts'
import { noUpload, visibleTo } from './upload.ts'

const expiresIn = 300

type Row = { object_key: string; filename: string; status: string }

export function routeDownload(app: Server, { pool, presigner, bucket }: Media): void {
  const schema = {
    operationId: 'downloadUpload',
    summary: 'The file as it was sent',
    description: 'Leads to a URL of the store that is good for five minutes.',
    tags: ['uploads'],
    params: z.object({ id: z.uuid() }),
    response: { 302: z.null().describe('See the Location header'), ...problems(400, 404, 409) },
  }
  const config = { scope: 'media:read' }
  app.get('/v1/media/uploads/:id/download', { schema, config }, async (request, reply) => {
    const { id } = request.params
    const upload = await maybeOne<Row>(
      pool,
      sql`select u.object_key, u.filename, u.status from media.uploads u
        where u.id = ${id} and ${visibleTo(identityOf(request))}`,
    )
    if (!upload) throw noUpload(id)
    if (upload.status !== 'stored') {
      throw problem(409, 'The file of this upload is not in the store: there is nothing to download yet')
    }
    const place = { bucket, key: upload.object_key }
    const url = await presignGet(presigner, place, { filename: upload.filename, expiresIn })
    return reply.header('cache-control', 'no-store').redirect(url, 302)
  })
}
