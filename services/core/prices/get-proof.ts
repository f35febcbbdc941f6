/** GET /v1/core/prices/{id}/proof: the very bytes that a price was read from. */
import { createHash } from 'node:crypto'
import type { Readable } from 'node:stream'
import { identityOf } from '@glimmr/lib/auth'
import { type Pool, preparedRows } from '@glimmr/lib/db'
import { type Problem, problem } from '@glimmr/lib/errors'
import { problems } from '@glimmr/lib/problem-schema'
import type { Server } from '@glimmr/lib/server'
import { sql } from '@glimmr/lib/sql'
import { ObjectGone, ObjectReplaced, type StoredObject } from '@glimmr/lib/stored-object'
import { whenClosed } from '@glimmr/lib/when-closed'
import type { FastifyReply } from 'fastify'
import { z } from 'zod'
import { binary } from '../binary.ts'
import { createGate, places } from '../gate.ts'
import { createOpenStreams } from '../open-streams.ts'
import type { Store } from '../store.ts'
import { parsePriceId, priceIdParams } from './price-id.ts'
import { isPrice, rateOf } from './rate.ts'
import { isDeflated, openSourceBytes, type SourceFile, TooDeep } from './source-bytes.ts'

const query = z.strictObject({
  format: z
    .enum(['bytes', 'json'])
    .default('bytes')
    .describe(
      'bytes: the row as it stands in the file, with headers; json: the same in one document, up to 1 MiB',
    ),
})

const proofSchema = z
  .object({
    price_id: z.string(),
    file_id: z.number().int(),
    filename: z.string(),
    file_sha256: z.string().describe('Of the stored object, as it was uploaded'),
    compression: z.string().describe('none, gzip or zip; offsets count decompressed bytes'),
    encoding: z.string().nullable(),
    row: z
      .number()
      .int()
      .describe("CSV: the spreadsheet's row of this price; JSON: the element's number from 1"),
    item_row: z.number().int().describe('Where the item begins; a tall CSV has several rows of one item'),
    byte_offset: z.number().int(),
    byte_length: z.number().int(),
    sha256: z.string().describe('Of these bytes'),
    base64: z.string().describe('The bytes'),
    text: z.string().nullable().describe('The same, decoded, where it is UTF-8'),
  })
  .meta({ id: 'Proof' })

const headers =
  '`glimmr-file-id`, `glimmr-file-sha256`, `glimmr-row`, `glimmr-item-row`, `glimmr-byte-offset`, `glimmr-byte-length`, `glimmr-encoding`'

const description = `The item of the price, byte for byte as it stands in the decompressed file, read from the stored object at this moment. \
Also for prices of a file that has been superseded. With format=bytes the answer is the bytes themselves and ${headers} say where they stand. \
A plain file costs one ranged read. In a .gz or a deflated .zip everything before the row is decompressed (some 300 MB a second): \
few at a time, and not beyond a bound (CORE_PROOF_MAX_BYTES, 4 GiB). \
410: the object is not in the store any more. 409: another object stands in its place, told by its ETag and size.`

const mostJsonBytes = 1 << 20

export function routeGetProof(app: Server, pool: Pool, store: Store | undefined): void {
  const schema = {
    operationId: 'getPriceProof',
    summary: 'The bytes of the file that a price was read from',
    description,
    tags: ['prices'],
    params: priceIdParams,
    querystring: query,
    response: {
      200: {
        description: `The bytes, with ${headers}; or a document`,
        content: {
          'application/octet-stream': { schema: binary() },
          'application/json': { schema: proofSchema },
        },
      },
      ...problems(400, 404, 409, 410, 422, 503),
    },
  }
  // Each takes a good part of a processor.
  const gate = createGate({ ...places, refusal: tooMany })
  const streams = createOpenStreams(app, { patienceMs: 60_000 })
  // A HEAD would do all the work and throw it away.
  const options = { schema, config: { scope: 'core:read' }, exposeHeadRoute: false }
  app.get('/v1/core/prices/:id/proof', options, async (request, reply) => {
    const { id } = request.params
    const row = await rowOf(pool, id)
    if (!row) throw problem(404, `There is no price ${id} in a file that was published`)
    if (!store)
      throw problem(503, 'This server was started without an object store: it cannot show the bytes')
    if (request.query.format === 'json' && row.length > mostJsonBytes)
      throw problem(
        422,
        `The item has ${row.length} bytes, which is too much for one document: ask with format=bytes`,
      )
    const leave = isDeflated(row) ? gate(identityOf(request).organisation) : () => {}
    const stream = await open(store, row, reply).catch(cause => {
      leave()
      throw explained(cause, row, store.maxProofBytes)
    })
    streams.add(stream, leave)
    reply.header('x-content-type-options', 'nosniff').header('cache-control', 'no-store')
    if (request.query.format === 'json') return document(id, row, await whole(stream, row))
    const extension = row.layout === 'json' ? 'json' : 'csv'
    return reply
      .type('application/octet-stream')
      .headers({
        'content-length': row.length,
        'content-disposition': `attachment; filename="price-${id}.${extension}"`,
        'glimmr-file-id': row.file_id,
        'glimmr-file-sha256': row.sha256,
        'glimmr-row': row.row,
        'glimmr-item-row': row.item_row,
        'glimmr-byte-offset': row.offset,
        'glimmr-byte-length': row.length,
        'glimmr-encoding': row.encoding ?? 'unknown',
      })
      .send(stream)
  })
}

type ProofRow = SourceFile & {
  file_id: number
  filename: string
  sha256: string
  layout: string
  encoding: string | null
  object_key: string | null
  etag: string | null
  size: number
  row: number
  item_row: number
  offset: number
  length: number
}

/** Offsets are below 2^53: as float8, which pg gives as numbers. */
async function rowOf(pool: Pool, id: string): Promise<ProofRow | undefined> {
  const { charge, rate } = parsePriceId(id)
  const statement = sql`
    select f.id as file_id, f.filename, f.sha256, f.layout, f.encoding, f.compression, f.member, f.object_key, u.etag,
      f.size_bytes::float8 as size, coalesce(r.row_number, c.row_number) as row, i.row_number as item_row,
      i.byte_offset::float8 as "offset", i.byte_length::float8 as "length"
    from prices.charges c
    join prices.files f on f.id = c.file_id and f.status in ('published', 'superseded')
    join prices.items i on i.id = c.item_id
    left join media.uploads u on u.id = f.upload_id
    left join lateral (${rateOf(sql`c.id`, sql`${rate}::bigint`)}) r on true
    where c.id = ${charge}::bigint and ${isPrice(sql`c.id`, sql`r.id`, rate)}`
  return (await preparedRows<ProofRow>(pool, statement))[0]
}

async function open(store: Store, row: ProofRow, reply: FastifyReply): Promise<Readable> {
  if (!row.object_key) throw new ObjectGone('the file was loaded from a disk, and never stored')
  if (row.length === 0) throw new ObjectGone('where its bytes stand was not noted')
  if (row.compression === 'zip' && !row.member)
    throw new ObjectGone('where in its .zip the file stands is not known')
  const object: StoredObject = {
    client: store.client,
    bucket: store.bucket,
    key: row.object_key,
    etag: row.etag,
    sizeBytes: row.size,
  }
  const gone = new AbortController()
  whenClosed(reply, () => gone.abort(new Error('the client went away')))
  const signal = AbortSignal.any([gone.signal, AbortSignal.timeout(store.proofTimeoutMs)])
  return openSourceBytes(object, row, row, { signal, maxSkipBytes: store.maxProofBytes })
}

function explained(cause: unknown, row: ProofRow, most: number): unknown {
  const options = { cause }
  if (cause instanceof ObjectGone)
    return problem(
      410,
      `The stored object of file ${row.file_id} is gone: ${cause.message}. The row cannot be shown`,
      options,
    )
  if (cause instanceof ObjectReplaced || isZlibError(cause))
    return problem(
      409,
      `The stored object of file ${row.file_id} is not the one that was loaded (sha256 ${row.sha256}): it was replaced or damaged. The row cannot be shown`,
      options,
    )
  if (cause instanceof TooDeep)
    return problem(
      422,
      `The row stands ${row.offset} bytes into a compressed file and is decompressed up to ${most} only: download the file and cut ${row.length} bytes from there`,
      options,
    )
  if (cause instanceof Error && cause.name === 'TimeoutError')
    return problem(503, 'The store did not give the row in time; try again later', options)
  return cause
}

function isZlibError(error: unknown): boolean {
  return error instanceof Error && 'code' in error && String(error.code).startsWith('Z_')
}

function tooMany(): Problem {
  return problem(503, 'Other rows of compressed files are being read: try again in a moment', {
    headers: { 'retry-after': '2' },
  })
}

async function whole(stream: Readable, row: ProofRow): Promise<Buffer> {
  const parts: Buffer[] = []
  try {
    for await (const part of stream) parts.push(part)
  } catch (cause) {
    throw explained(cause, row, 0)
  }
  return Buffer.concat(parts)
}

function document(id: string, row: ProofRow, bytes: Buffer): z.infer<typeof proofSchema> {
  const text = bytes.toString('utf8')
  return {
    price_id: id,
    file_id: row.file_id,
    filename: row.filename,
    file_sha256: row.sha256,
    compression: row.compression,
    encoding: row.encoding,
    row: row.row,
    item_row: row.item_row,
    byte_offset: row.offset,
    byte_length: row.length,
    sha256: createHash('sha256').update(bytes).digest('hex'),
    base64: bytes.toString('base64'),
    text: Buffer.from(text, 'utf8').equals(bytes) ? text : null,
  }
}
