/** POST /v1/media/uploads: a small file in one call, from a form. */
import { createHash } from 'node:crypto'
import { PutObjectCommand } from '@aws-sdk/client-s3'
import multipart from '@fastify/multipart'
import { identityOf } from '@glimmr/lib/auth'
import { one } from '@glimmr/lib/db'
import { problem } from '@glimmr/lib/errors'
import { sendJson } from '@glimmr/lib/pages'
import { problems } from '@glimmr/lib/problem-schema'
import type { Server } from '@glimmr/lib/server'
import { sql } from '@glimmr/lib/sql'
import { z } from 'zod'
import type { Media } from '../media.ts'
import { requireAcceptedType } from './file-type.ts'
import { type Announced, newUpload, requireOwnHospital } from './new-upload.ts'
import { notComplete, type StoredUpload, storedUploadColumns, storeUpload } from './store-upload.ts'
import { requireVisible, uploadSchema } from './upload.ts'

const maxBytes = 16 * 1024 * 1024
/** Forms that are in memory at the same time. */
const maxForms = 4

type FormFile = { filename: string; contentType: string; bytes: Buffer }

const isFile = (value: unknown): value is FormFile =>
  typeof value === 'object' && value !== null && 'bytes' in value && Buffer.isBuffer(value.bytes)

const body = z.object({
  file: z
    .unknown()
    .refine(isFile, 'is not a file')
    .meta({ type: 'string', format: 'binary', description: 'The price file, 16 MiB at most' }),
  hospital_id: z.uuid().optional().describe('One of your own; left out, the file says which'),
})

export async function routeSendUpload(app: Server, media: Media): Promise<void> {
  const schema = {
    operationId: 'sendUpload',
    summary: 'Upload a small file in one call',
    description:
      'As presign, PUT and complete together, for files up to 16 MiB. Larger ones: /v1/media/presign.',
    tags: ['uploads'],
    consumes: ['multipart/form-data'],
    body,
    response: { 202: uploadSchema, ...problems(400, 409, 413, 422, 429, 503) },
  }
  let forms = 0
  // A scope of its own: only this route reads forms.
  await app.register(async scope => {
    await scope.register(multipart, {
      attachFieldsToBody: 'keyValues',
      limits: { files: 1, fields: 10, fieldSize: 1000, parts: 12, headerPairs: 100, fileSize: maxBytes },
      async onFile(part) {
        const bytes = await part.toBuffer()
        const value: FormFile = { filename: part.filename, contentType: part.mimetype, bytes }
        Object.assign(part, { value })
      },
    })
    const form = scope.withTypeProvider<import('fastify-type-provider-zod').ZodTypeProvider>()
    form.addHook('preParsing', async (_request, reply) => {
      if (forms >= maxForms) {
        throw problem(
          429,
          'Too many files are being sent this way: use POST /v1/media/presign, or try again',
          {
            headers: { 'retry-after': '5' },
          },
        )
      }
      forms++
      reply.raw.once('close', () => {
        forms--
      })
    })
    const config = { scope: 'media:write' }
    const bodyLimit = maxBytes + 64 * 1024
    form.post('/v1/media/uploads', { schema, config, bodyLimit }, async (request, reply) => {
      const identity = identityOf(request)
      const file = request.body.file as FormFile
      const announced = announcedIn(file, request.body.hospital_id)
      requireAcceptedType(announced.content_type)
      await requireOwnHospital(media.pool, identity, announced.hospital_id)
      const { presignSeconds } = media
      const upload = await newUpload(media.pool, {
        ...{ identity, announced, presignSeconds, traceparent: request.traceparent },
      })
      await put(media, upload.object_key, { file, sha256: announced.sha256 ?? '' })
      const row = await one<StoredUpload>(
        media.pool,
        sql`select ${storedUploadColumns} from media.uploads u where u.id = ${upload.id}`,
      )
      const outcome = await storeUpload(media, row, { by: 'complete', linkedTo: request.traceparent })
      if (outcome.state !== 'stored') throw notComplete(row, outcome)
      reply.code(202)
      return sendJson(reply, (await requireVisible(media.pool, identity, upload.id)).json)
    })
  })
}

function announcedIn({ filename, contentType, bytes }: FormFile, hospital_id: string | undefined): Announced {
  if (bytes.length === 0) {
    throw problem(422, 'file is empty', { errors: [{ path: '/file', message: 'is empty' }] })
  }
  const sha256 = createHash('sha256').update(bytes).digest('hex')
  const name = filename.replaceAll('\0', '').trim().slice(0, 255) || 'file'
  return { filename: name, size_bytes: bytes.length, content_type: contentType, sha256, hospital_id }
}

async function put(
  { s3, bucket }: Media,
  key: string,
  { file, sha256 }: { file: FormFile; sha256: string },
): Promise<void> {
  const command = new PutObjectCommand({
    ...{ Bucket: bucket, Key: key, Body: file.bytes, ContentType: file.contentType, IfNoneMatch: '*' },
    ChecksumSHA256: Buffer.from(sha256, 'hex').toString('base64'),
  })
  await s3.send(command, { abortSignal: AbortSignal.timeout(60_000) }).catch(cause => {
    throw problem(503, 'The object store does not take the file now; try again in a moment', {
      headers: { 'retry-after': '5' },
      cause,
    })
  })
}
