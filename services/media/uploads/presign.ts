/** POST /v1/media/presign */
import { type Identity, identityOf } from '@glimmr/lib/auth'
import { problem } from '@glimmr/lib/errors'
import { presignPut } from '@glimmr/lib/presign'
import { problems, textField } from '@glimmr/lib/problem-schema'
import type { Server } from '@glimmr/lib/server'
import { z } from 'zod'
import type { Media } from '../media.ts'
import { requireAcceptedType } from './file-type.ts'
import { idempotencyHeaders } from './idempotency-key.ts'
import { type Announced, type NewUpload, newUpload, requireOwnHospital } from './new-upload.ts'
import { presignParts } from './presign-parts.ts'

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
      'PUT the file to `url` with `headers` (curl -T FILE -H … URL). Size, type, content (if you give its sha256) and "written once" are enforced by the store. Files above the size of one PUT get one URL a part.',
    tags: ['uploads'],
    headers: idempotencyHeaders,
    body,
    response: { 201: z.union([put, multipart]), ...problems(400, 409, 422, 503) },
  }
  app.post('/v1/media/presign', { schema, config: { scope: 'media:write' } }, async (request, reply) => {
    const identity = identityOf(request)
    const announced: Announced = request.body
    await requireUploadable(media, identity, announced)
    const upload = await newUpload(media.pool, {
      ...{ identity, announced, presignSeconds: media.presignSeconds, traceparent: request.traceparent },
      idempotencyKey: request.headers['idempotency-key'],
    })
    if (upload.replayed) reply.header('idempotent-replayed', 'true')
    else media.metrics.presigned.add({})
    reply.code(201).header('cache-control', 'no-store')
    return presigned(media, upload, announced)
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
