/** GET /v1/core/audit-log */
import { type Pool, preparedRows } from '@glimmr/lib/db'
import { decodeCursor, pageOf, pageParameters, sendPage } from '@glimmr/lib/pages'
import { problems } from '@glimmr/lib/problem-schema'
import type { Server } from '@glimmr/lib/server'
import { empty, sql } from '@glimmr/lib/sql'
import { z } from 'zod'
import { organisationFor, organisationParameter } from '../organisations/organisation-for.ts'
import { actions } from './record-change.ts'

const lineSchema = z
  .object({
    id: z.number().int(),
    at: z.iso.datetime({ offset: true }),
    actor: z.string().describe('The key or user that did it'),
    action: z.enum(actions),
    target: z.string().describe('Id of what was changed'),
    detail: z.record(z.string(), z.unknown()).describe('What it was changed to'),
    request_id: z.string().nullable(),
  })
  .meta({ id: 'AuditLine' })

const querystring = z.strictObject({ ...organisationParameter, ...pageParameters })
const position = z.tuple([z.number().int()])

export function routeListAuditLog(app: Server, pool: Pool): void {
  const schema = {
    operationId: 'listAuditLog',
    summary: 'Who changed which key, user or organisation',
    description: 'Newest first. Lines are never changed or removed.',
    tags: ['audit'],
    querystring,
    response: { 200: pageOf('audit_log', lineSchema), ...problems(400) },
  }
  app.get('/v1/core/audit-log', { schema, config: { scope: 'admin' } }, async (request, reply) => {
    const { limit, cursor, organisation_id } = request.query
    const organisation = organisationFor(request, organisation_id)
    const scope = { list: 'audit_log', filters: { organisation } }
    const before = decodeCursor(scope, position, cursor)
    const rows = await preparedRows<{ id: number; json: string }>(
      pool,
      sql`
        select a.id::float8 as id, row_to_json(shown)::text as json
        from core.audit_log a
        cross join lateral (select a.id, a.at, a.actor, a.action, a.target, a.detail, a.request_id) shown
        where a.organisation_id = ${organisation} ${before ? sql`and a.id < ${before[0]}` : empty}
        order by a.id desc limit ${limit + 1}`,
    )
    return sendPage(request, reply, { rows, limit, scope, positionOf: row => [row.id] })
  })
}
