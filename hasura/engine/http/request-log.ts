/** The lines about one HTTP request: `http-log`, and `query-log` for what it asked of Postgres. */
import type { EngineAnswer } from '../engine.ts'
import type { RequestError } from '../errors.ts'
import type { Session } from '../session.ts'
import type { Log } from './log.ts'
import type { HttpAnswer, HttpRequest } from './serve.ts'

/** What came to light while a request was served. */
export type Seen = {
  session?: Session
  error?: RequestError
  /** Of GraphQL, when it was no batch. */
  answered?: EngineAnswer
}

type Served = { id: string; request: HttpRequest; answer: HttpAnswer; seen: Seen; seconds: number }

/** Of a body that is shown as it came. */
const mostCharacters = 10_000

export function logRequest(log: Log, served: Served): void {
  const { id, request, answer, seen } = served
  if (log.has('query-log') && seen.answered?.statements)
    log.write('query-log', 'info', {
      kind: 'database',
      request_id: id,
      query: request.body,
      generated_sql: statementsOf(seen.answered),
      connection_template: null,
    })
  if (!log.has('http-log')) return
  const failed = seen.error !== undefined || answer.status >= 400
  log.write('http-log', failed ? 'error' : 'info', {
    request_id: id,
    operation: operationOf(log, served),
    http_info: {
      status: answer.status,
      http_version: `HTTP/${request.httpVersion ?? '1.1'}`,
      // A query string may hold a token.
      url: pathOf(request.url),
      ip: request.ip ?? null,
      method: request.method,
      content_encoding: null,
    },
  })
}

function operationOf(log: Log, { id, request, answer, seen, seconds }: Served): Record<string, unknown> {
  const { session, error } = seen
  const size = Buffer.byteLength(answer.body)
  return {
    request_id: id,
    request_mode: modeOf(request, error),
    user_vars: session ? { 'x-hasura-role': session.role, ...session.vars } : null,
    query_execution_time: seconds,
    response_size: size,
    uncompressed_response_size: size,
    ...(error ? { error: { code: error.code, path: error.path, error: error.message } } : {}),
    ...queryOf(log, request, seen),
  }
}

/** A query is shown when it failed, and always to those who debug; as text when nobody came to read it. */
function queryOf(log: Log, { url, body, text }: HttpRequest, { session, error }: Seen) {
  if (!error && !log.verbose) return {}
  if (/^\/v\d(alpha1)?\/(metadata|query)$/.test(pathOf(url))) return { query: typeOf(body) }
  if (session && body !== undefined) return { query: body }
  return { raw_query: text?.slice(0, mostCharacters) ?? null }
}

/** Commands of metadata carry addresses and keys. */
function typeOf(body: unknown): unknown {
  if (typeof body !== 'object' || body === null) return null
  return { type: 'type' in body && typeof body.type === 'string' ? body.type : null }
}

function modeOf({ url, body }: HttpRequest, error: RequestError | undefined): string {
  if (!/graphql$/.test(pathOf(url))) return 'non-graphql'
  if (Array.isArray(body)) return 'batched'
  return error ? 'error' : 'single'
}

function statementsOf({ statements = [] }: EngineAnswer): Record<string, { query: string }> {
  return Object.fromEntries(
    statements.flatMap(({ ids, statement }) =>
      ids.map(id => [id.replace('\0', '.'), { query: statement.text }]),
    ),
  )
}

function pathOf(url: string): string {
  return url.replace(/\?.*$/s, '')
}
