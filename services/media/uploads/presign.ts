/** POST /v1/media/presign */
import { type Identity, identityOf } from '@glimmr/lib/auth'
import { one } from '@glimmr/lib/db'
import { problem } from '@glimmr/lib/errors'
import { sendJson } from '@glimmr/lib/pages'
import { presignPut } from '@glimmr/lib/presign'
import { problems, textField } from '@glimmr/lib/problem-schema'
import type { Server } from '@glimmr/lib/server'
import { sql } from '@glimmr/lib/sql'
import { z } from 'zod'
import type { Media } from '../media.ts'
import { requireAcceptedType } from './file-type.ts'
import { idempotencyHeaders } from './idempotency-key.ts'
import { type Announced, type NewUpload, newUpload, requireOwnHospital } from './new-upload.ts'
import { partSeconds, presignParts } from './presign-parts.ts'
import { notComplete, type StoredUpload, storedUploadColumns, storeUpload } from './store-upload.ts'
import { requireVisible, uploadSchema } from './upload.ts'

const body = z.strictObject({
  filename: textField(255),
  size_bytes: z.number().int().min(1, 'is not the size of a file: it must be 1 or more'),
  content_type: z
    .string()
    .max(200)
    .regex(/^[\x20-\x7e]+$/, 'is not a media type')
    .describe('text/csv, application/json, application/gzip, application/zip or application/octet-stream'),
  sha256: z
    .string()
    .regex(/^[0-9a-fA-F]{64}$/, 'is not 64 hexadecimal digits')
    .transform(hex => hex.toLowerCase())
    .optional()
    .describe('Of the whole file; the store then refuses any other content'),
  hospital_id: z.uuid().optional().describe('One of your own; left out, the file says which'),
})

const put = z.object({
  upload_id: z.uuid(),
  method: z.literal('PUT'),
  url: z.url(),
  headers: z.record(z.string(), z.string()).describe('To be sent as they are: they are signed'),
  expires_at: z.iso.datetime(),
})

const multipart = z.object({
  upload_id: z.uuid(),
  method: z.literal('MULTIPART'),
  part_size_bytes: z.number().int().describe('Of each part but the last'),
  parts: z.array(z.object({ part_number: z.number().int(), size_bytes: z.number().int(), url: z.url() })),
  complete_url: z.string().describe('To be called (POST) when all parts have been PUT'),
  expires_at: z.iso.datetime(),
})

type Presigned = z.infer<typeof put> | z.infer<typeof multipart>

export function routePresign(app: Server, media: Media): void {
  const schema = {
    operationId: 'presignUpload',
    summary: 'A URL to upload a price file to',
    description:
      'PUT the file to `url` with `headers` (curl -T FILE -H … URL). Size, type, content (if you give its sha256) and "written once" are enforced by the store. Files above the size of one PUT get one URL a part. A repeat with the same Idempotency-Key whose file has arrived is answered 200 with the upload as it is: there is nothing left to send.',
    tags: ['uploads'],
    headers: idempotencyHeaders,
    body,
    response: {
      200: uploadSchema.describe('The upload of this Idempotency-Key, whose file is in the store already'),
      201: z.union([put, multipart]),
      ...problems(400, 409, 422, 503),
    },
  }
  app.post('/v1/media/presign', { schema, config: { scope: 'media:write' } }, async (request, reply) => {
    const identity = identityOf(request)
    const announced: Announced = request.body
    await requireUploadable(media, identity, announced)
    const { size_bytes: sizeBytes } = announced
    const inParts = sizeBytes > media.maxPutBytes
    const presignSeconds = inParts ? partSeconds(sizeBytes, media.presignSeconds) : media.presignSeconds
    const upload = await newUpload(media.pool, {
      ...{ identity, announced, presignSeconds, traceparent: request.traceparent },
      idempotencyKey: request.headers['idempotency-key'],
    })
    reply.header('cache-control', 'no-store')
    if (upload.replayed) reply.header('idempotent-replayed', 'true')
    else media.metrics.presigned.add({})
    if (upload.replayed && (await hasArrived(media, upload, request.traceparent)))
      return sendJson(reply, (await requireVisible(media.pool, identity, upload.id)).json)
    return reply.code(201).send(await presigned(media, upload, announced))
  })
}

/** Throws a 422 problem for a type, a size or a hospital that cannot be. */
async function requireUploadable(media: Media, identity: Identity, announced: Announced): Promise<void> {
  requireAcceptedType(announced.content_type)
  if (announced.size_bytes > media.maxUploadBytes) {
    const message = `is more than the ${media.maxUploadBytes} bytes that one upload may have`
    throw problem(422, `size_bytes ${message}`, { errors: [{ path: '/size_bytes', message }] })
  }
  if (announced.sha256 && announced.size_bytes > media.maxPutBytes) {
    const message = `cannot be enforced for a file in parts (above ${media.maxPutBytes} bytes): leave it out`
    throw problem(422, `sha256 ${message}`, { errors: [{ path: '/sha256', message }] })
  }
  await requireOwnHospital(media.pool, identity, announced.hospital_id)
}

/**
 * Whether the file of an earlier request is in the store, looked for as if it had been said to be: its URL is good for one
 * write, so another one would be refused. Throws a 409 problem when something else is there, which stays for ever.
 */
async function hasArrived(media: Media, { id }: NewUpload, linkedTo: string | undefined): Promise<boolean> {
  const row = await one<StoredUpload>(
    media.pool,
    sql`select ${storedUploadColumns} from media.uploads u where u.id = ${id}`,
  )
  const outcome = await storeUpload(media, row, { by: 'complete', linkedTo })
  if (outcome.state === 'different') throw notComplete(row, outcome)
  return outcome.state === 'stored'
}

async function presigned(media: Media, upload: NewUpload, announced: Announced): Promise<Presigned> {
  const about = { upload_id: upload.id, expires_at: upload.expires_at.toISOString() }
  const { size_bytes: sizeBytes, content_type: contentType, sha256 } = announced
  if (sizeBytes > media.maxPutBytes) {
    const parts = await presignParts(media, upload, announced)
    return {
      ...about,
      method: 'MULTIPART',
      ...parts,
      complete_url: `/v1/media/uploads/${upload.id}/complete`,
    }
  }
  const place = { bucket: media.bucket, key: upload.object_key }
  const signed = await presignPut(
    media.presigner,
    { ...place, sizeBytes, contentType, sha256 },
    media.presignSeconds,
  )
  return { ...about, method: 'PUT', ...signed }
}
