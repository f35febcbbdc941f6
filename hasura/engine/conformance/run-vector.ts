/** One vector: a fresh database, its setup, its metadata, its steps. */
import pg from 'pg'
import { createEngine, type Engine } from '../engine.ts'
import { authenticate } from '../http/auth.ts'
import { createJwtCheck, type JwtCheck, type JwtConfig } from '../http/jwt.ts'
import { type HttpRequest, type ServeOptions, serve } from '../http/serve.ts'
import { createSockets, type Sockets } from '../http/sockets.ts'
import { errorsOf } from './compare.ts'
import type { Databases } from './databases.ts'
import { fill } from './placeholders.ts'
import { createSocketSteps } from './socket-steps.ts'
import { runSteps } from './steps.ts'
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
  const closing: (() => Promise<void>)[] = []
  try {
    for (const { sql } of vector.setup) if (sql) await pool.query(portable(sql, vector))
    const engine = await createEngine({
      metadata: vector.metadata,
      pools: Object.fromEntries(vector.metadata.sources.map(({ name }) => [name, pool])),
      enableAllowList: vector.server.env?.HASURA_GRAPHQL_ENABLE_ALLOWLIST === 'true',
      inferFunctionPermissions: vector.server.env?.HASURA_GRAPHQL_INFER_FUNCTION_PERMISSIONS !== 'false',
      stringifyNumericTypes: vector.server.args?.includes('--stringify-numeric-types') ?? false,
      subscriptions: { intervalMs: 100 },
    })
    const sockets = createSocketSteps(socketsOf(engine, frontOf(vector)), adminSecret)
    closing.push(sockets.close)
    const verdict = await runSteps(
      {
        request: requestOf,
        send: request => serve(engine, frontOf(vector), request),
        sql: async text => (await pool.query({ text, rowMode: 'array' })).rows,
        other: sockets.run,
      },
      vector.steps,
    )
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
    for (const close of closing) await close()
    await pool.end()
    await database.drop()
  }
}

/**
 * What the recording server had and most have not, where a vector does not use it: a locale, PostGIS. A vector that
 * needs no PostGIS has its geometry columns as jsonb, as most of the recordings already have.
 */
function portable(sql: string, { needs }: Vector): string {
  const plain = sql
    .replace(/set\s+lc_monetary\s+to\s+"en_US\.utf-8";/gi, '')
    .replace(/create\s+extension\s+(if\s+not\s+exists\s+)?postgis(_\w+)?\s*;/gi, '')
  if (needs.includes('postgis')) return plain
  return plain
    .replace(/do\s+\$\$\s*begin\s+if\s+postgis_lib_version\(\)[^$]*\$\$\s*;/gi, '')
    .replace(/\b(geography|geometry)(?=\s*[,)\n])/gi, 'jsonb')
    .replace(/\bst_geomfromgeojson\(('[^']*')\)/gi, '$1::jsonb')
}

function expectsErrors({ expect }: Step): boolean {
  return errorsOf(expect?.body) !== undefined
}

function frontOf({ server }: Vector): ServeOptions {
  const { env = {}, admin_secret } = server
  const secret = admin_secret === undefined || admin_secret === 'either' ? undefined : adminSecret
  const { HASURA_GRAPHQL_JWT_SECRET: jwt, HASURA_GRAPHQL_UNAUTHORIZED_ROLE: unauthorizedRole } = env
  return { auth: { adminSecret: secret, unauthorizedRole, ...(jwt ? { jwt: jwtCheck(jwt) } : {}) } }
}

function socketsOf(engine: Engine, { auth }: ServeOptions): Sockets {
  return createSockets({ engine, authenticate: headers => authenticate(auth, headers) })
}

function requestOf({ request, admin_secret }: Step): HttpRequest {
  if (!request) throw new Error('a step without request')
  const headers: Record<string, string> = {}
  for (const [name, value] of Object.entries(request.headers ?? {}))
    if (value !== null) headers[name.toLowerCase()] = fill(value.replace('{{ADMIN_SECRET}}', adminSecret))
  if (admin_secret) headers['x-hasura-admin-secret'] = adminSecret
  return { method: request.method, url: request.url, headers, body: request.body }
}

function jwtCheck(config: string): JwtCheck {
  const parsed: JwtConfig = JSON.parse(config)
  return createJwtCheck({ ...parsed, key: fill(parsed.key) })
}
