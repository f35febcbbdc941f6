/** One service alone, on a database of its own, with tokens that it believes. */

import type { ServiceRole } from '@glimmr/db/migrate'
import type { JwksSource } from '@glimmr/lib/auth'
import { createLog } from '@glimmr/lib/run-service'
import type { Server } from '@glimmr/lib/server'
import { createTestTokens, type TestClaims, type TestTokens } from './test-tokens.ts'
import { createTestDatabase, type TestDatabase } from './testing.ts'

export type ServiceBuild = (config: {
  databaseUrl: string
  log: Server['log']
  jwks: JwksSource
}) => Promise<Server>

export type Call = {
  method?: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE' | 'HEAD'
  body?: unknown
  headers?: Record<string, string>
  remoteAddress?: string
}

export type TestService = {
  app: Server
  db: TestDatabase
  tokens: TestTokens
  /** Sends a request as `claims`; undefined: without a token. */
  call(url: string, claims: TestClaims | undefined, options?: Call): ReturnType<typeof inject>
}

type Teardown = { teardown(handler: () => unknown): void }

export async function createTestService(
  t: Teardown,
  { build, role }: { build: ServiceBuild; role: ServiceRole },
): Promise<TestService> {
  const db = await createTestDatabase(t)
  const tokens = createTestTokens()
  const app = await build({ databaseUrl: db.urlFor(role), log: createLog('fatal'), jwks: tokens.jwks })
  t.teardown(() => app.close())
  return { app, db, tokens, call: (url, claims, options) => inject({ app, tokens, url, claims }, options) }
}

type Target = { app: Server; tokens: TestTokens; url: string; claims: TestClaims | undefined }

function inject({ app, tokens, url, claims }: Target, options: Call = {}) {
  const { method = 'GET', body, headers, remoteAddress } = options
  const json = body !== undefined && { 'content-type': 'application/json' }
  return app.inject({
    method,
    url,
    headers: { ...(claims && tokens.header(claims)), ...json, ...headers },
    ...(body !== undefined && { payload: typeof body === 'string' ? body : JSON.stringify(body) }),
    ...(remoteAddress && { remoteAddress }),
  })
}
