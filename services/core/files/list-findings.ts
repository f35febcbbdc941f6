/** GET /v1/core/files/{id}/findings */
import { identityOf } from '@glimmr/lib/auth'
import { type Pool, preparedRows } from '@glimmr/lib/db'
import { cursorPart, decodeCursor, pageOf, pageParameters, sendPage } from '@glimmr/lib/pages'
import { problems, textField } from '@glimmr/lib/problem-schema'
import type { Server } from '@glimmr/lib/server'
import { join, type Sql, sql } from '@glimmr/lib/sql'
import { z } from 'zod'
import { readable } from './file.ts'
import { fileNotFound, fileParams } from './get-file.ts'

const query = z.strictObject({
  rule: textField(100).optional(),
  severity: z.enum(['error', 'warning', 'notice']).optional(),
  layer: z.enum(['cms', 'glimmr']).optional().describe("cms: the official validator's rules; glimmr: ours"),
  ...pageParameters,
})

const findingSchema = z.object({
  ordinal: z.number().int(),
  rule: z.string(),
  layer: z.string(),
  severity: z.string(),
  row: z.number().int().nullable(),
  column: z.number().int().nullable().describe('From 1'),
  column_name: z.string().nullable(),
  cell: z.string().nullable().describe('AB122 in a CSV, a pointer in a JSON'),
  value: z.string().nullable().describe('Cut at 200 bytes'),
  message: z.string(),
})

const position = z.tuple([cursorPart.integer])

export function routeListFindings(app: Server, pool: Pool): void {
  const schema = {
    operationId: 'listFindings',
    summary: 'What is wrong in a file, and where',
    description:
      'In the order of the file. Samples: a rule broken very often is counted in full by GET /v1/core/files/{id}.',
    tags: ['files'],
    params: fileParams,
    querystring: query,
    response: { 200: pageOf('findings', findingSchema), ...problems(400, 404) },
  }
  app.get(
    '/v1/core/files/:id/findings',
    { schema, config: { scope: 'core:read' } },
    async (request, reply) => {
      const { id } = request.params
      const { limit, cursor, ...filters } = request.query
      const scope = { list: 'findings', filters: { ...filters, id } }
      const after = decodeCursor(scope, position, cursor)
      const seen = sql`select from prices.files f where f.id = ${id} and ${readable(identityOf(request).organisation)}`
      if ((await preparedRows(pool, seen)).length === 0) throw fileNotFound(id)
      const conditions = [sql`n.file_id = ${id}`]
      if (filters.rule !== undefined) conditions.push(sql`n.rule = ${filters.rule}`)
      if (filters.severity !== undefined) conditions.push(sql`n.severity = ${filters.severity}`)
      if (filters.layer !== undefined) conditions.push(sql`n.layer = ${filters.layer}`)
      if (after) conditions.push(sql`n.ordinal > ${after[0]}`)
      const rows = await preparedRows<FindingRow>(pool, findings(join(conditions, ' and '), limit + 1))
      return sendPage(request, reply, { rows, limit, scope, positionOf: row => [row.ordinal] })
    },
  )
}

type FindingRow = { ordinal: number; json: string }

function findings(where: Sql, limit: number): Sql {
  return sql`
    select n.ordinal, row_to_json(shown)::text as json
    from prices.findings n cross join lateral (
      select n.ordinal, n.rule, n.layer, n.severity, n.row_number as row, n.column_number as column, n.column_name, n.cell,
        n.value, n.message
    ) shown
    where ${where} order by n.ordinal limit ${limit}`
}
