/** The auth service: `build(config)` gives a Fastify app that also offers its verdict and its keys by a plain call. */

import type { JwksSource } from '@glimmr/lib/auth'
import { createPool, one } from '@glimmr/lib/db'
import { createCounter } from '@glimmr/lib/metrics'
import { createServer, type Server } from '@glimmr/lib/server'
import { sql } from '@glimmr/lib/sql'
import { spanEvent } from '@glimmr/lib/telemetry'
import type { FastifyBaseLogger } from 'fastify'
import { createApiKeys } from './api-keys.ts'
import { createInternalTokens } from './internal-tokens.ts'
import { createKeyUses } from './key-uses.ts'
import type { RefusalReason } from './refusals.ts'
import { serveKeys, serveProblems, serveTokens, serveVerify } from './routes.ts'
import { loadSigningKeys } from './signing-keys.ts'
import { createTokens } from './tokens.ts'
import { createVerify, type Verify } from './verify.ts'

export type AuthConfig = {
  /** As the role glimmr_auth. */
  databaseUrl: string
  /** Where the signing keys are; created at the first start. */
  keysDir: string
  log: FastifyBaseLogger
  /** Milliseconds since 1970; tests turn it. */
  now?: () => number
}

export type AuthServer = Server & { verify: Verify; jwks: JwksSource }

export async function build({ databaseUrl, keysDir, log, now = Date.now }: AuthConfig): Promise<AuthServer> {
  const keys = await loadSigningKeys(keysDir)
  const onError = (err: unknown) => log.warn({ err }, 'auth: the database does not answer')
  const pool = createPool({
    url: databaseUrl,
    name: 'glimmr_auth',
    max: 5,
    statementTimeoutMs: 5000,
    onError,
  })
  const ready = async () => void (await one(pool, sql`select 1 as ready`))
  const { app, metrics } = await createServer({
    name: 'auth',
    description: 'Who may pass: verdicts for the gateway, published keys, tokens',
    log,
    ready,
    bodyLimitBytes: 65_536,
  })
  const counter = createCounter(metrics, {
    name: 'glimmr_auth_verdicts_total',
    help: 'Verdicts by reason; `admitted` or why not',
    labelNames: ['reason'],
  })
  const onRefused = (reason: RefusalReason) => {
    counter.add({ reason })
    spanEvent('auth.refused', { reason })
  }
  const apiKeys = createApiKeys({ pool, now, onError })
  const tokens = createTokens(keys, now)
  const keyUses = createKeyUses({ pool, now, onError })
  const verify = createVerify({
    apiKeys,
    tokens,
    internalTokens: createInternalTokens(tokens, now),
    onAdmitted: keyId => {
      counter.add({ reason: 'admitted' })
      keyUses.count(keyId)
    },
    onRefused,
  })
  serveVerify(app, verify)
  serveKeys(app, keys)
  serveTokens(app, { apiKeys, tokens, onRefused })
  serveProblems(app)
  app.addHook('onClose', async () => {
    await keyUses.stop()
    await pool.end()
  })
  return Object.assign(app, { verify, jwks: async () => keys.jwks })
}
