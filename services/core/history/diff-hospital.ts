/** GET /v1/core/hospitals/{id}/diff: what changed from one filing of a hospital to another. */
import { Readable } from 'node:stream'
import { identityOf } from '@glimmr/lib/auth'
import { normalisedCode } from '@glimmr/lib/codes'
import type { Pool } from '@glimmr/lib/db'
import { type Problem, problem } from '@glimmr/lib/errors'
import { cursorPart, decodeCursor, encodeCursor, pageParameters, sendJson } from '@glimmr/lib/pages'
import { problems, textField } from '@glimmr/lib/problem-schema'
import type { Server } from '@glimmr/lib/server'
import { whenClosed } from '@glimmr/lib/when-closed'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'
import { binary } from '../binary.ts'
import { createGate } from '../gate.ts'
import { createOpenStreams } from '../open-streams.ts'
import { changeSchema } from './change.ts'
import { type Files, filesOf } from './filings.ts'
import { type ChangeKind, walkChanges } from './walk-changes.ts'

const fileId = z.coerce.number().int().min(1).max(2_147_483_647)

const query = z.strictObject({
  from: fileId
    .optional()
    .describe('The earlier file, one that was published for this hospital; left out: the one before `to`'),
  to: fileId.optional().describe('The later file; left out: the current one'),
  code: textField(100).optional().describe('Only items with this code'),
  code_type: textField(20)
    .transform(type => type.toUpperCase())
    .optional(),
  change: z.enum(['added', 'removed', 'changed']).optional(),
  format: z
    .enum(['json', 'ndjson'])
    .default('json')
    .describe(
      'json: pages by cursor; ndjson: all changes, a line each, streamed; the last line is the summary',
    ),
  ...pageParameters,
})

const pageSchema = z.object({
  changes: z.array(changeSchema),
  next_cursor: z
    .string()
    .nullable()
    .describe(
      'null on the last page. A page may have fewer changes than `limit`, or none, and still have a next one',
    ),
})

const description = `Added, removed and changed prices, in the order of codes. Items are the same service when they have the same set of codes and, \
unless one of these is the hospital's own (CDM, LOCAL), the same description; prices are the same when setting, billing class, modifiers, \
drug unit, payer and plan agree. Repeated rows count once. A charge's own amounts are one entry without payer. \
JSON pages look for at most some seconds: the work goes on at the next cursor.`

const position = z.tuple([cursorPart.text, cursorPart.text, z.number().int().min(0)])
const pageMs = 3_000

export function routeDiffHospital(app: Server, pool: Pool): void {
  const schema = {
    operationId: 'diffHospital',
    summary: 'What changed from one file of a hospital to another',
    description,
    tags: ['hospitals'],
    params: z.object({ id: z.uuid() }),
    querystring: query,
    response: {
      200: {
        description: 'A page of changes, or all of them as lines',
        content: { 'application/json': { schema: pageSchema }, 'application/x-ndjson': { schema: binary() } },
      },
      ...problems(400, 404, 503),
    },
  }
  const gate = createGate({ most: 3, mostEach: 2, refusal: tooMany })
  const streams = createOpenStreams(app)
  // A HEAD would do all the work and throw it away.
  const options = { schema, config: { scope: 'core:read' }, exposeHeadRoute: false }
  app.get('/v1/core/hospitals/:id/diff', options, async (request, reply) => {
    const { id } = request.params
    const { limit, cursor, format, ...filters } = request.query
    const files = await filesOf(pool, id, filters)
    // Asked for or found: a cursor belongs to these two files.
    const scope = { list: 'changes', filters: { ...filters, ...files, id } }
    const after = decodeCursor(scope, position, cursor)
    const walk = walkOf(pool, { ...filters, ...files }, after, reply)
    const leave = gate(identityOf(request).organisation)
    if (format === 'json') return page(reply, request, { walk, limit, scope, after }).finally(leave)
    const lines = Readable.from(ndjson(walk, after?.[2] ?? 0), {
      objectMode: false,
      highWaterMark: 1 << 16,
    })
    streams.add(lines, leave)
    return reply.type('application/x-ndjson').send(lines)
  })
}

type Filters = Files & {
  code?: string | undefined
  code_type?: string | undefined
  change?: ChangeKind | undefined
}
type Position = z.infer<typeof position>

function walkOf(
  pool: Pool,
  { from, to, code, code_type, change }: Filters,
  after: Position | undefined,
  reply: FastifyReply,
) {
  const gone = new AbortController()
  whenClosed(reply, () => gone.abort(new Error('the client went away')))
  return walkChanges({
    pool,
    scope: {
      from,
      to,
      code: code === undefined ? undefined : normalisedCode(code, code_type ?? ''),
      codeTypes: code_type === undefined ? undefined : [code_type],
    },
    kinds: change && [change],
    after: after && [after[0], after[1]],
    signal: gone.signal,
  })
}

type Walking = ReturnType<typeof walkOf>
type Page = {
  walk: Walking
  limit: number
  scope: { list: string; filters: Record<string, unknown> }
  after: Position | undefined
}

/** Up to `limit` changes. A cursor is the group after which to go on, and how many changes of the next one are known. */
async function page(
  reply: FastifyReply,
  request: FastifyRequest,
  { walk, limit, scope, after }: Page,
): Promise<FastifyReply> {
  const started = performance.now()
  const found: string[] = []
  let skip = after?.[2] ?? 0
  let last: Position | undefined = after
  let next: Position | undefined
  for await (const { position: at, changes } of walk) {
    const left = changes.slice(skip)
    const room = limit - found.length
    found.push(...left.slice(0, room).map(change => change.json))
    if (left.length > room) {
      next = [last?.[0] ?? '', last?.[1] ?? '', skip + room]
      break
    }
    // Groups without changes come between; what is known belongs to the first with any.
    if (changes.length > 0) skip = 0
    last = [at[0], at[1], 0]
    if (found.length === limit || performance.now() - started > pageMs) {
      next = last
      break
    }
  }
  const cursor = next ? encodeCursor(scope, next) : null
  if (cursor) {
    const url = new URL(request.url, 'http://host')
    url.searchParams.set('cursor', cursor)
    reply.header('link', `<${url.pathname}${url.search}>; rel="next"`)
  }
  return sendJson(reply, `{"changes":[${found.join(',')}],"next_cursor":${JSON.stringify(cursor)}}`)
}

async function* ndjson(walk: Walking, skipped: number): AsyncGenerator<string, void, undefined> {
  const summary = { added: 0, removed: 0, changed: 0 }
  let skip = skipped
  for await (const { changes } of walk) {
    const left = changes.slice(skip)
    if (changes.length > 0) skip = 0
    for (const { change } of left) summary[change]++
    if (left.length > 0) yield `${left.map(change => change.json).join('\n')}\n`
  }
  yield `${JSON.stringify({ summary })}\n`
}

function tooMany(): Problem {
  return problem(503, 'Other files are being compared: try again in a moment', {
    headers: { 'retry-after': '5' },
  })
}
