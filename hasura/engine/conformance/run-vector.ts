/** One vector: a fresh database, its setup, its metadata, its steps. */
import pg from 'pg'
import type { HttpRequest } from '../http/serve.ts'
import { errorsOf } from './compare.ts'
import type { Databases } from './databases.ts'
import { fill } from './placeholders.ts'
import { exclusionOf, isLoose } from './scope.ts'
import { adminSecret, type ServerUnderTest, startServer } from './server.ts'
import { runSteps } from './steps.ts'
import type { Step, Vector } from './vectors.ts'

export type Outcome = {
  id: string
  area: string
  /** Whether a step expects an error. */
  errors: boolean
  /** Why it is out of scope, by the names in scope.ts. */
  excluded?: string | undefined
  loose: boolean
  verdict: 'passed' | 'code-path' | 'failed'
  reason?: string
}

export async function runVector(databases: Databases, vector: Vector): Promise<Outcome> {
  const outcome = {
    id: vector.id,
    area: vector.area,
    errors: vector.steps.some(expectsErrors),
    excluded: exclusionOf(vector),
    loose: isLoose(vector),
  }
  const database = await databases.create()
  const pool = new pg.Pool({ connectionString: database.url, max: 3 })
  pool.on('error', () => undefined)
  let server: ServerUnderTest | undefined
  try {
    const [before, after] = setupOf(vector)
    for (const { sql } of before) if (sql) await pool.query(portable(sql, vector))
    server = await startServer({ databases, pool }, vector)
    const { engine, named, other, send } = server
    for (const { sql, request } of after) {
      const run_sql = { method: 'POST', url: '/v2/query', body: { type: 'run_sql', args: { sql } } }
      await send(requestOf({ request: request ?? run_sql, admin_secret: request === undefined }))
    }
    const subject = {
      request: requestOf,
      send,
      sql: async (text: string, source = 'default') =>
        (await (server?.pool(source) ?? pool).query({ text, rowMode: 'array' })).rows,
      named,
      other,
    }
    const verdict = await runSteps(subject, vector.steps)
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
    await server?.close()
    await pool.end()
    await database.drop()
  }
}

/** What came before the server's first request, and what was sent to the server from there on, to be refused in part. */
function setupOf({ setup }: Vector): [before: Vector['setup'], after: Vector['setup']] {
  const first = setup.findIndex(({ request }) => request !== undefined)
  return first < 0 ? [setup, []] : [setup.slice(0, first), setup.slice(first)]
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

function requestOf({ request, admin_secret }: Step): HttpRequest {
  if (!request) throw new Error('a step without request')
  const headers: Record<string, string> = {}
  for (const [name, value] of Object.entries(request.headers ?? {}))
    if (value !== null) headers[name.toLowerCase()] = fill(value.replace('{{ADMIN_SECRET}}', adminSecret))
  if (admin_secret) headers['x-hasura-admin-secret'] = adminSecret
  return { method: request.method, url: request.url, headers, body: request.body }
}
