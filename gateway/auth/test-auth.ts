/** For tests: auth on a database and a folder of its own, with a clock that the test turns. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createTestDatabase, type TestDatabase } from '@glimmr/dev/testing'
import { createApiKey, type Role } from '@glimmr/lib/api-keys'
import { createLog } from '@glimmr/lib/run-service'
import type { Issuer } from './issuers/issuer.ts'
import { type AuthServer, build } from './server.ts'
import type { Verdict } from './verify.ts'

export const organisation = '00000000-0000-4000-8000-00000000000a'

export type Setup = {
  auth: AuthServer
  db: TestDatabase
  keysDir: string
  clock: { ms: number }
  /** Another instance, on the same database and the same keys. */
  restart(): Promise<AuthServer>
}

type Tap = { teardown(handler: () => unknown): void }

export async function setUp(test: Tap, { issuers = [] }: { issuers?: Issuer[] } = {}): Promise<Setup> {
  const db = await createTestDatabase(test)
  await db.pool.query(`insert into core.organisations (id, name) values ($1, 'An organisation')`, [
    organisation,
  ])
  const keysDir = mkdtempSync(join(tmpdir(), 'glimmr-auth-'))
  test.teardown(() => rmSync(keysDir, { recursive: true }))
  const clock = { ms: Date.now() }
  const restart = async () => {
    const auth = await build({
      databaseUrl: db.urlFor('glimmr_auth'),
      keysDir,
      log: createLog('fatal'),
      issuers,
      now: () => clock.ms,
    })
    test.teardown(() => auth.close())
    await auth.ready()
    return auth
  }
  return { auth: await restart(), db, keysDir, clock, restart }
}

export type KeyColumns = { expires_at?: Date; revoked_at?: Date; limit_class?: string; user_id?: string }

export async function addKey({ db }: Pick<Setup, 'db'>, roles: Role[], columns: KeyColumns = {}) {
  const made = createApiKey({ roles })
  const { rows } = await db.pool.query<{ id: string }>(
    `insert into core.api_keys
       (organisation_id, name, prefix, hash, roles, scopes, expires_at, revoked_at, limit_class, user_id)
     values ($1, 'a key', $2, $3, $4, $5, $6, $7, $8, $9) returning id`,
    [
      organisation,
      made.prefix,
      made.hash,
      roles,
      made.scopes,
      columns.expires_at ?? null,
      columns.revoked_at ?? null,
      columns.limit_class ?? 'standard',
      columns.user_id ?? null,
    ],
  )
  return { ...made, id: String(rows[0]?.id) }
}

export type Ask = {
  headers?: Record<string, string | string[]>
  address?: string
  method?: string
  uri?: string
}

export function ask(
  { auth }: { auth: AuthServer },
  { headers = {}, address = '/verify', method = 'GET', uri = '/v1/core/x?q=1' }: Ask,
): Promise<Verdict> {
  // All on one connection, which remembers the credential that it brought last.
  const connection = auth.server
  return Promise.resolve(
    auth.verify({ address, headers, method, uri, requestId: 'req-1', traceId: 'trace-1', connection }),
  )
}

export const bearer = (token: string) => ({ authorization: `Bearer ${token}` })

/** The internal token that stands for `key` behind the gateway. */
export async function tokenFor(at: { auth: AuthServer }, key: string): Promise<string> {
  return String((await ask(at, { headers: bearer(key) })).headers.authorization).slice(7)
}

export function problemOf({ body }: Verdict) {
  return JSON.parse(body) as {
    status: number
    detail: string
    request_id: string
    trace_id: string
    instance: string
  }
}
