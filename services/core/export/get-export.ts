/** GET /v1/core/files/{id}/export: all prices of a file, as a stream. */
import { identityOf } from '@glimmr/lib/auth'
import { type Pool, preparedRows } from '@glimmr/lib/db'
import { type Problem, problem } from '@glimmr/lib/errors'
import { problems, textField } from '@glimmr/lib/problem-schema'
import type { Server } from '@glimmr/lib/server'
import { sql } from '@glimmr/lib/sql'
import { z } from 'zod'
import { binary } from '../binary.ts'
import { fileParams } from '../files/get-file.ts'
import { createGate, places } from '../gate.ts'
import { createOpenStreams } from '../open-streams.ts'
import { exportFormats, mediaTypes } from './formats.ts'
import { exportInThread } from './thread.ts'

const query = z.strictObject({
  format: z.enum(exportFormats).default('csv'),
  code_type: textField(20)
    .transform(type => type.toUpperCase())
    .optional()
    .describe('Only prices filed under this code type: each has one, by its first code that hospitals share'),
})

const description = `One row a price, in the order of the file's items and charges, with the same columns in all formats: every price once, whatever its codes. \
CSV (RFC 4180, UTF-8): a text that a spreadsheet would run as a formula (it begins with = + - @, a tab or a line break) gets an apostrophe in front; amounts keep their digits. \
NDJSON: amounts are numbers with the digits that were published. \
Parquet: amounts are DECIMAL(18, 6); one that does not fit has its digits in the column \`rounded\`. \
Also for a file that has been superseded. The work goes on as fast as the client reads and ends with it, or when the client takes nothing for five minutes. \
Four exports run at once, two of an organisation, the second only while half the places are free; beyond that the answer is a 503.`

export function routeGetExport(app: Server, pool: Pool, databaseUrl: string): void {
  const content = Object.fromEntries(
    exportFormats.map(format => [mediaTypes[format].split(';')[0] ?? '', { schema: binary() }]),
  )
  const schema = {
    operationId: 'exportFile',
    summary: 'All prices of a file as CSV, NDJSON or Parquet',
    description,
    tags: ['files'],
    params: fileParams,
    querystring: query,
    response: { 200: { description: 'The prices', content }, ...problems(400, 404, 503) },
  }
  const gate = createGate({ ...places, refusal: tooMany })
  const streams = createOpenStreams(app, { patienceMs: 300_000 })
  // A HEAD would do all the work and throw it away.
  const options = { schema, config: { scope: 'core:read' }, exposeHeadRoute: false }
  app.get('/v1/core/files/:id/export', options, async (request, reply) => {
    const { id } = request.params
    const { format, code_type: codeType } = request.query
    const statement = sql`
      select f.sha256, f.filename from prices.files f where f.id = ${id} and f.status in ('published', 'superseded')`
    const [file] = await preparedRows<{ sha256: string; filename: string }>(pool, statement)
    if (!file) throw problem(404, `There is no file ${id} that was published`)
    const leave = gate(identityOf(request).organisation)
    const metadata = { 'glimmr.file_sha256': file.sha256, 'glimmr.filename': file.filename }
    const stream = await exportInThread({ url: databaseUrl, file: id, format, codeType, metadata }).catch(
      cause => {
        leave()
        throw cause
      },
    )
    streams.add(stream, leave)
    return reply
      .type(mediaTypes[format])
      .headers({
        'content-disposition': `attachment; filename="glimmr-file-${id}.${format}"`,
        'glimmr-file-sha256': file.sha256,
        'x-content-type-options': 'nosniff',
        'cache-control': 'no-store',
      })
      .send(stream)
  })
}

function tooMany(): Problem {
  return problem(503, 'Other exports are running: try again in a moment', {
    headers: { 'retry-after': '10' },
  })
}
