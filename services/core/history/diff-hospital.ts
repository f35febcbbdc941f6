/** GET /v1/core/hospitals/{id}/diff: what changed from one filing of a hospital to another. */
import { Readable } from 'node:stream'
import { identityOf } from '@glimmr/lib/auth'
import type { Pool } from '@glimmr/lib/db'
import { type Problem, problem } from '@glimmr/lib/errors'
import { decodeCursor, pageParameters } from '@glimmr/lib/pages'
import { problems, textField } from '@glimmr/lib/problem-schema'
import type { Server } from '@glimmr/lib/server'
import { whenClosed } from '@glimmr/lib/when-closed'
import type { FastifyReply } from 'fastify'
import { z } from 'zod'
import { binary } from '../binary.ts'
import { createGate, places } from '../gate.ts'
import { createOpenStreams } from '../open-streams.ts'
import { searchedCode } from '../prices/searched-code.ts'
import { changeSchema } from './change.ts'
import { linesOf, type Position, position, sendPageOf } from './diff-answer.ts'
import { type Files, filesOf } from './filings.ts'
import { type ChangeKind, walkChanges } from './walk-changes.ts'

const fileId = z.coerce.number().int().min(1).max(2_147_483_647)

const query = z.strictObject({
  from: fileId
    .optional()
    .describe('The earlier file, one that was published for this hospital; left out: the one before `to`'),
  to: fileId.optional().describe('The later file; left out: the current one'),
  code: textField(100)
    .optional()
    .describe('Only items with this code, which is understood as /v1/core/prices does it'),
  code_type: textField(20)
    .transform(type => type.toUpperCase())
    .optional()
    .describe('CPT, HCPCS, MS-DRG, RC, NDC, …: what kind of code `code` is'),
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
For each JSON page the items are put in order again, for large files some seconds, and the page looks for changes for as long; the work \
goes on at the next cursor. So all changes of large files are for format=ndjson, which does it once, and what is wanted of one service for \`code\`.`

/** Lines put the items in order once for all changes: they may take longer for it than a page. */
const longerForLines = 4

/** `timeoutMs`: how long a statement of a page may take. */
export function routeDiffHospital(app: Server, pool: Pool, { timeoutMs }: { timeoutMs: number }): void {
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
  const gate = createGate({ ...places, refusal: tooMany })
  const streams = createOpenStreams(app, { patienceMs: 60_000 })
  // A HEAD would do all the work and throw it away.
  const options = { schema, config: { scope: 'core:read' }, exposeHeadRoute: false }
  app.get('/v1/core/hospitals/:id/diff', options, async (request, reply) => {
    const { id } = request.params
    const { limit, cursor, format, ...filters } = request.query
    if (filters.code_type !== undefined && filters.code === undefined) throw typeAlone()
    const files = await filesOf(pool, id, filters)
    // Asked for or found: a cursor belongs to these two files.
    const scope = { list: 'changes', filters: { ...filters, ...files, id } }
    const after = decodeCursor(scope, position, cursor)
    const json = format === 'json'
    const walk = walkOf(pool, { ...filters, ...files }, after, {
      reply,
      timeoutMs: json ? timeoutMs : longerForLines * timeoutMs,
    })
    const leave = gate(identityOf(request).organisation)
    if (json) return sendPageOf(reply, request, { walk, limit, scope, after }).finally(leave)
    const lines = Readable.from(linesOf(walk, after), { objectMode: false, highWaterMark: 1 << 16 })
    streams.add(lines, leave)
    return reply.type('application/x-ndjson').send(lines)
  })
}

type Filters = Files & {
  code?: string | undefined
  code_type?: string | undefined
  change?: ChangeKind | undefined
}

function walkOf(
  pool: Pool,
  { from, to, code, code_type, change }: Filters,
  after: Position | undefined,
  { reply, timeoutMs }: { reply: FastifyReply; timeoutMs: number },
) {
  const gone = new AbortController()
  whenClosed(reply, () => gone.abort(new Error('the client went away')))
  return walkChanges({
    pool,
    scope: { from, to, ofCode: code === undefined ? undefined : searchedCode(code, code_type) },
    kinds: change && [change],
    after: after && [after[0], after[1]],
    signal: gone.signal,
    timeoutMs,
  })
}

/** Taken for nothing, it would give the changes of all codes to somebody who asked for some. */
function typeAlone(): Problem {
  const message = 'says what kind of code `code` is: give that too, or leave it out'
  return problem(400, `code_type ${message}`, { errors: [{ path: 'code_type', message }] })
}

function tooMany(): Problem {
  return problem(503, 'Other files are being compared: try again in a moment', {
    headers: { 'retry-after': '5' },
  })
}
