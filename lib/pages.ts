/**
 * Pages by keyset: a cursor is the position of the last row, so a page costs the same however deep it is, and rows that
 * come or go elsewhere neither repeat nor hide one.
 */
import { createHash } from 'node:crypto'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'
import { problem } from './errors.ts'
import { timeField } from './problem-schema.ts'

export const pageParameters = {
  limit: z.coerce
    .number()
    .int()
    .min(1)
    .max(500)
    .default(50)
    .describe('Rows a page; the last page may have fewer'),
  cursor: z
    .string()
    .max(2_000)
    .optional()
    .describe('`next_cursor` of the page before, with the same other parameters'),
}

/** The schema of a page: `{"prices": […], "next_cursor": …}` for the list `prices`. */
export function pageOf<List extends string, Row extends z.ZodType>(list: List, row: Row) {
  const rows = { [list]: z.array(row) } as Record<List, z.ZodArray<Row>>
  const next = z.string().nullable().describe('null on the last page; also in the Link header, rel="next"')
  return z.object({ ...rows, next_cursor: next }).describe(`A page of ${list.replaceAll('_', ' ')}`)
}

/** What a cursor belongs to: a list (also the name of its rows in the answer) and its filters. */
export type CursorScope = { list: string; filters: Record<string, unknown> }

export function encodeCursor(scope: CursorScope, position: readonly unknown[]): string {
  const body = JSON.stringify(position)
  return checksum(scope, body) + Buffer.from(body).toString('base64url')
}

/**
 * The position in a cursor, checked by `schema`; undefined without a cursor. A 400 problem for a cursor that was changed
 * or made for other parameters. The check is no secret: a position gives no right to see a row.
 */
export function decodeCursor<Position>(
  scope: CursorScope,
  schema: z.ZodType<Position>,
  cursor: string | undefined,
): Position | undefined {
  if (cursor === undefined) return undefined
  const body = Buffer.from(cursor.slice(checksumLength), 'base64url').toString()
  const intact =
    checksum(scope, body) + Buffer.from(body).toString('base64url') === cursor ? parsed(body) : undefined
  const position = schema.safeParse(intact)
  if (position.success) return position.data
  const message =
    'is not a cursor of this list with these parameters: leave it out to start from the first page'
  throw problem(400, `cursor ${message}`, { errors: [{ path: 'cursor', message }] })
}

function parsed(body: string): unknown {
  try {
    return JSON.parse(body)
  } catch {
    return undefined
  }
}

/** Parts of positions, within what Postgres takes: everybody can make up a cursor. */
export const cursorPart = {
  integer: z.number().int().min(0).max(2_147_483_647),
  text: z.string().refine(text => !text.includes('\0')),
  time: timeField,
}

const checksumLength = 12

function checksum({ list, filters }: CursorScope, body: string): string {
  const named = Object.entries(filters)
    .filter(([, value]) => value !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : 1))
  return createHash('sha256')
    .update(JSON.stringify([list, named, body]))
    .digest('base64url')
    .slice(0, checksumLength)
}

/** A row as Postgres wrote it: `json` passes through untouched, so numbers keep every digit they were published with. */
export type JsonRow = { json: string }

export type PageOptions<Row> = {
  /** One more than `limit` when there is a next page. */
  rows: Row[]
  limit: number
  scope: CursorScope
  positionOf(row: Row): readonly unknown[]
}

/** Sends `{"<list>": […], "next_cursor": …}`, and the Link header (RFC 8288) of the next page. */
export function sendPage<Row extends JsonRow>(
  request: FastifyRequest,
  reply: FastifyReply,
  { rows, limit, scope, positionOf }: PageOptions<Row>,
): FastifyReply {
  const shown = rows.slice(0, limit)
  const last = rows.length > limit ? shown.at(-1) : undefined
  const next = last ? encodeCursor(scope, positionOf(last)) : null
  if (next) {
    const url = new URL(request.url, 'http://host')
    url.searchParams.set('cursor', next)
    reply.header('link', `<${url.pathname}${url.search}>; rel="next"`)
  }
  const data = shown.map(row => row.json).join(',')
  return sendJson(reply, `{"${scope.list}":[${data}],"next_cursor":${JSON.stringify(next)}}`)
}

/** Sends JSON text as it is. */
export function sendJson(reply: FastifyReply, text: string): FastifyReply {
  return reply.type('application/json; charset=utf-8').send(text)
}
