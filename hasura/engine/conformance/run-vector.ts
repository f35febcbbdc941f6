/** One vector: a fresh database, its setup, its metadata, its steps. */
import pg from 'pg'
import { createEngine, type Engine } from '../engine.ts'
import { createJwtCheck, type JwtCheck, type JwtConfig } from '../http/jwt.ts'
import { type HttpRequest, serve } from '../http/serve.ts'
import { compareBodies, errorsOf, keysInOrder } from './compare.ts'
import type { Databases } from './databases.ts'
import { fill } from './placeholders.ts'
import type { Step, Vector } from './vectors.ts'

export type Outcome = {
  id: string
  area: string
  /** Whether a step expects an error. */
  errors: boolean
  verdict: 'passed' | 'code-path' | 'failed'
  reason?: string
}

const adminSecret = 'conformance-admin-secret'

export async function runVector(databases: Databases, vector: Vector): Promise<Outcome> {
  const outcome = { id: vector.id, area: vector.area, errors: vector.steps.some(expectsErrors) }
  const database = await databases.create()
  const pool = new pg.Pool({ connectionString: database.url, max: 3 })
  pool.on('error', () => undefined)
  try {
    for (const { sql } of vector.setup) if (sql) await pool.query(portable(sql))
    const engine = await createEngine({
      metadata: vector.metadata,
      pools: Object.fromEntries(vector.metadata.sources.map(({ name }) => [name, pool])),
      enableAllowList: vector.server.env?.HASURA_GRAPHQL_ENABLE_ALLOWLIST === 'true',
      inferFunctionPermissions: vector.server.env?.HASURA_GRAPHQL_INFER_FUNCTION_PERMISSIONS !== 'false',
      stringifyNumericTypes: vector.server.args?.includes('--stringify-numeric-types') ?? false,
    })
    const verdict = await runSteps(engine, pool, vector)
    const broken = engine.inconsistencies().map(({ name, reason }) => `\n  ${name}: ${reason}`)
    return {
      ...outcome,
      ...verdict,
      ...(verdict.reason === undefined ? {} : { reason: verdict.reason + broken.join('') }),
    }
  } catch (cause) {
    return {
      ...outcome,
      verdict: 'failed',
      reason: cause instanceof Error ? (cause.stack ?? cause.message) : String(cause),
    }
  } finally {
    await pool.end()
    await database.drop()
  }
}

/** What the recording server had and most have not, where a vector does not use it: a locale, PostGIS. */
function portable(sql: string): string {
  return sql
    .replace(/set\s+lc_monetary\s+to\s+"en_US\.utf-8";/gi, '')
    .replace(/create\s+extension\s+(if\s+not\s+exists\s+)?postgis(_\w+)?\s*;/gi, '')
}

function expectsErrors({ expect }: Step): boolean {
  return errorsOf(expect?.body) !== undefined
}

async function runSteps(
  engine: Engine,
  pool: pg.Pool,
  vector: Vector,
): Promise<Pick<Outcome, 'verdict' | 'reason'>> {
  let inOtherWords: string | undefined
  for (const step of vector.steps) {
    if (step.sql !== undefined) {
      await pool.query(step.sql)
      continue
    }
    if (!step.request)
      return { verdict: 'failed', reason: `not supported: step ${Object.keys(step).join(', ')}` }
    const fault = await runRequest(engine, vector, step)
    if (fault?.startsWith('words: ')) inOtherWords ??= fault
    else if (fault !== undefined) return { verdict: 'failed', reason: fault }
  }
  return inOtherWords === undefined ? { verdict: 'passed' } : { verdict: 'code-path', reason: inOtherWords }
}

/** Undefined when the answer is the recorded one. */
async function runRequest(engine: Engine, vector: Vector, step: Step): Promise<string | undefined> {
  const request = requestOf(step)
  const { env = {}, admin_secret } = vector.server
  const secret = admin_secret === undefined || admin_secret === 'either' ? undefined : adminSecret
  const { HASURA_GRAPHQL_JWT_SECRET: jwt, HASURA_GRAPHQL_UNAUTHORIZED_ROLE: unauthorizedRole } = env
  const auth = { adminSecret: secret, unauthorizedRole, ...(jwt ? { jwt: jwtCheck(jwt) } : {}) }
  const answer = await serve(engine, { auth }, request)
  const { expect = {} } = step
  if (expect.status !== undefined && expect.status !== answer.status)
    return `status ${answer.status} instead of ${expect.status}: ${answer.body.slice(0, 500)}`
  const wanted = expect.any_of ?? (expect.body === undefined ? [] : [expect.body])
  if (wanted.length === 0) return undefined
  const got: unknown = JSON.parse(answer.body)
  const verdicts = wanted.map(body => compareBodies(body, got))
  const shown = `${JSON.stringify(request.body)}\n  wanted ${JSON.stringify(wanted[0])}\n  got    ${answer.body}`
  if (!verdicts.includes('same')) return `${verdicts.includes('code-path') ? 'words: ' : ''}${shown}`
  return orderFault(request.body, got)
}

function orderFault(body: unknown, got: unknown): string | undefined {
  if (typeof body !== 'object' || body === null || !('query' in body) || typeof body.query !== 'string')
    return undefined
  if (typeof got !== 'object' || got === null || !('data' in got)) return undefined
  return keysInOrder(body.query, got.data) ? undefined : `keys out of order: ${body.query}`
}

function requestOf({ request, admin_secret }: Step): HttpRequest {
  if (!request) throw new Error('a step without request')
  const headers: Record<string, string> = {}
  for (const [name, value] of Object.entries(request.headers ?? {})) headers[name.toLowerCase()] = fill(value)
  if (admin_secret) headers['x-hasura-admin-secret'] = adminSecret
  return { method: request.method, url: request.url, headers, body: request.body }
}

function jwtCheck(config: string): JwtCheck {
  const parsed: JwtConfig = JSON.parse(config)
  return createJwtCheck({ ...parsed, key: fill(parsed.key) })
}
