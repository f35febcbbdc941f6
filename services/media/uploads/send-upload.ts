/** POST /v1/media/uploads: a small file in one call, from a form. */
import { createHash } from 'node:crypto'
import { PutObjectCommand, S3ServiceException } from '@aws-sdk/client-s3'
import multipart from '@fastify/multipart'
import { type Identity, identityOf } from '@glimmr/lib/auth'
import { one } from '@glimmr/lib/db'
import { Problem, problem } from '@glimmr/lib/errors'
import { sendJson } from '@glimmr/lib/pages'
import { problems } from '@glimmr/lib/problem-schema'
import { sendProblem } from '@glimmr/lib/problems'
import type { Server } from '@glimmr/lib/server'
import { sql } from '@glimmr/lib/sql'
import { whenClosed } from '@glimmr/lib/when-closed'
import type { FastifyError, FastifyInstance, FastifyRequest } from 'fastify'
import { z } from 'zod'
import type { Media } from '../media.ts'
import { requireAcceptedType } from './file-type.ts'
import { idempotencyHeaders } from './idempotency-key.ts'
import { type Announced, newUpload, requireOwnHospital } from './new-upload.ts'
import { notComplete, type StoredUpload, storedUploadColumns, storeUpload } from './store-upload.ts'
import { requireVisible, uploadSchema } from './upload.ts'

const maxBytes = 16 * 1024 * 1024
/** Forms that are in memory at the same time. */
const maxForms = 4

type FormFile = { filename: string | undefined; contentType: string; bytes: Buffer }

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
      'As presign, PUT and complete together, for files up to 16 MiB. Larger ones: /v1/media/presign. With an Idempotency-Key an answer that was lost can be asked for again: the file becomes one upload, also when two send it at once or the first was cut off.',
    tags: ['uploads'],
    consumes: ['multipart/form-data'],
    headers: idempotencyHeaders,
    body,
    response: { 202: uploadSchema, ...problems(400, 409, 413, 422, 429, 503) },
  }
  // A scope of its own: only this route reads forms.
  await app.register(async scope => {
    await readForms(scope)
    const form = scope.withTypeProvider<import('fastify-type-provider-zod').ZodTypeProvider>()
    const config = { scope: 'media:write' }
    const bodyLimit = maxBytes + 64 * 1024
    form.post('/v1/media/uploads', { schema, config, bodyLimit }, async (request, reply) => {
      const identity = identityOf(request)
      const { file, hospital_id } = request.body
      const sender = { identity, hospital_id, traceparent: request.traceparent }
      const upload = await send(media, { ...sender, key: request.headers['idempotency-key'] }, file)
      if (upload.replayed) reply.header('idempotent-replayed', 'true')
      reply.code(202)
      return sendJson(reply, (await requireVisible(media.pool, identity, upload.id)).json)
    })
  })
}

/** Bodies of `scope` are forms: a few at a time, each held in memory, and its faults told as those of the form. */
async function readForms(scope: FastifyInstance): Promise<void> {
  await scope.register(multipart, {
    attachFieldsToBody: 'keyValues',
    limits: { files: 1, fields: 10, fieldSize: 1000, parts: 12, headerPairs: 100, fileSize: maxBytes },
    async onFile(part) {
      const bytes = await part.toBuffer()
      const value: FormFile = { filename: part.filename, contentType: part.mimetype, bytes }
      Object.assign(part, { value })
    },
  })
  let forms = 0
  scope.addHook('preParsing', async (_request, reply) => {
    if (forms >= maxForms) throw tooManyForms()
    forms++
    whenClosed(reply, () => {
      forms--
    })
  })
  const read = new WeakSet<FastifyRequest>()
  scope.addHook('preHandler', async request => void read.add(request))
  scope.setErrorHandler<FastifyError>((error, request, reply) =>
    sendProblem(read.has(request) ? error : asFormProblem(error), request, reply),
  )
}

function tooManyForms(): Problem {
  const detail = 'Too many files are being sent this way: use POST /v1/media/presign, or try again'
  return problem(429, detail, { headers: { 'retry-after': '5' } })
}

/** Until a form is read, what fails without a status of its own is the form: no boundary, an early end. */
function asFormProblem(error: FastifyError): FastifyError | Problem {
  if (error instanceof Problem) return error
  if (['FST_FILES_LIMIT', 'FST_FIELDS_LIMIT', 'FST_PARTS_LIMIT'].includes(error.code))
    return problem(
      400,
      'The form holds more than one file and its hospital_id: send each file in a form of its own',
    )
  if (error.statusCode !== undefined) return error
  return problem(400, `The form cannot be read: ${error.message}`, { cause: error })
}

type Sender = {
  identity: Identity
  hospital_id: string | undefined
  traceparent: string | undefined
  /** Idempotency-Key */
  key: string | undefined
}

/** The upload, stored and with its job. With a key that was used before it is that one, taken on from where it got to. */
async function send(
  media: Media,
  { identity, hospital_id, traceparent, key }: Sender,
  file: FormFile,
): Promise<{ id: string; replayed: boolean }> {
  const announced = announcedIn(file, hospital_id)
  requireAcceptedType(announced.content_type)
  await requireOwnHospital(media.pool, identity, hospital_id)
  const { presignSeconds } = media
  const { id, replayed } = await newUpload(media.pool, {
    ...{ identity, announced, presignSeconds, traceparent },
    idempotencyKey: key,
  })
  const row = await one<StoredUpload>(
    media.pool,
    sql`select ${storedUploadColumns} from media.uploads u where u.id = ${id}`,
  )
  if (row.status !== 'stored')
    await put(media, row.object_key, { file, sha256: announced.sha256 ?? '' }).catch(cause => {
      // Somebody was first: the same form, sent twice, or the attempt before of the store's client. What is there is looked at.
      if (!isThereAlready(cause)) throw notTaken(cause)
    })
  const outcome = await storeUpload(media, row, { by: 'complete', linkedTo: traceparent })
  if (outcome.state === 'absent') throw notTaken(undefined)
  if (outcome.state !== 'stored') throw notComplete(row, outcome)
  return { id, replayed }
}

function announcedIn({ filename, contentType, bytes }: FormFile, hospital_id: string | undefined): Announced {
  if (bytes.length === 0) {
    throw problem(422, 'file is empty', { errors: [{ path: '/file', message: 'is empty' }] })
  }
  const sha256 = createHash('sha256').update(bytes).digest('hex')
  const name = filename?.replaceAll('\0', '').trim().slice(0, 255) || 'file'
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
  await s3.send(command, { abortSignal: AbortSignal.timeout(60_000) })
}

/** 412: the object is there. 409: of two that are being written at this moment the other one was taken. */
function isThereAlready(cause: unknown): boolean {
  const status = cause instanceof S3ServiceException ? cause.$metadata.httpStatusCode : undefined
  return status === 412 || status === 409
}

function notTaken(cause: unknown): Problem {
  return problem(503, 'The object store does not take the file now; try again in a moment', {
    headers: { 'retry-after': '5' },
    cause,
  })
}
