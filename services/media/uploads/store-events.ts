/** POST /v1/media/store-events */
import { maybeOne, type Queryable } from '@glimmr/lib/db'
import { problems } from '@glimmr/lib/problem-schema'
import type { Server } from '@glimmr/lib/server'
import { sql } from '@glimmr/lib/sql'
import { z } from 'zod'
import type { Media } from '../media.ts'
import { type StoredUpload, storedUploadColumns, storeUpload } from './store-upload.ts'

const text = z.string().max(4096)

const s3Events = z.object({
  Records: z
    .array(
      z.object({
        eventName: text,
        s3: z.object({ bucket: z.object({ name: text }), object: z.object({ key: text }) }),
      }),
    )
    .max(1000)
    .describe('S3 event notification; keys are URL-encoded'),
})

const r2Event = z
  .object({ account: text.optional(), bucket: text, object: z.object({ key: text }), action: text })
  .describe('Cloudflare R2 event notification')

const answer = z.object({
  stored: z.number().int().describe('Uploads these events made known'),
  ignored: z.number().int().describe('Of other objects, of deletions, or known already'),
})

type Created = { bucket: string; key: string }

export function routeStoreEvents(app: Server, media: Media): void {
  const schema = {
    operationId: 'reportStoreEvents',
    summary: 'Events of the object store',
    description:
      'In the form of S3 or of Cloudflare R2. Nothing in an event is believed but the key: the object itself is looked at.',
    tags: ['store'],
    body: z.union([s3Events, r2Event]),
    response: { 200: answer, ...problems(400, 503) },
  }
  app.post('/v1/media/store-events', { schema, config: { scope: 'media:events' } }, async request => {
    let stored = 0
    const events = 'Records' in request.body ? request.body.Records.length : 1
    for (const { bucket, key } of createdIn(request.body)) {
      if (bucket !== media.bucket) continue
      const upload = await uploadOf(media.pool, key)
      if (!upload) continue
      const outcome = await storeUpload(media, upload, { by: 'event', linkedTo: request.traceparent })
      if (outcome.state === 'stored' && outcome.first) stored++
      else if (outcome.state === 'different')
        request.log.warn({ upload_id: upload.id }, 'not the announced object')
    }
    return { stored, ignored: events - stored }
  })
}

/** R2: PutObject, CompleteMultipartUpload, CopyObject. S3: with or without `s3:` in front of `ObjectCreated:…`. */
function createdIn(body: z.infer<typeof s3Events> | z.infer<typeof r2Event>): Created[] {
  if (!('Records' in body)) {
    const created = ['PutObject', 'CompleteMultipartUpload', 'CopyObject'].includes(body.action)
    return created ? [{ bucket: body.bucket, key: body.object.key }] : []
  }
  return body.Records.filter(record => /^(s3:)?ObjectCreated:/.test(record.eventName)).map(({ s3 }) => {
    return { bucket: s3.bucket.name, key: decoded(s3.object.key) }
  })
}

/** A key that does not decode is none of ours: those are plain ASCII. */
function decoded(key: string): string {
  try {
    return decodeURIComponent(key.replaceAll('+', ' '))
  } catch {
    return key
  }
}

function uploadOf(db: Queryable, key: string): Promise<StoredUpload | undefined> {
  if (!key.startsWith('uploads/') || key.includes('\0')) return Promise.resolve(undefined)
  return maybeOne<StoredUpload>(
    db,
    sql`select ${storedUploadColumns} from media.uploads u where u.object_key = ${key}`,
  )
}
