/** The auth service: `build(config)` gives a Fastify app that also offers its verdict and its keys by a plain call. */

import type { JwksSource } from '@glimmr/lib/auth'
import { createPool, one } from '@glimmr/lib/db'
import { createCounter } from '@glimmr/lib/metrics'
import { createServer, type Server } from '@glimmr/lib/server'
import { sql } from '@glimmr/lib/sql'
import type { FastifyBaseLogger } from 'fastify'
import { createApiKeys } from './api-keys.ts'
import { createIdentify } from './identify.ts'
import { createInternalTokens } from './internal-tokens.ts'
import { createExternalTokens } from './issuers/external-tokens.ts'
import type { Issuer } from './issuers/issuer.ts'
import { createIssuerMetrics } from './issuers/issuer-metrics.ts'
import { createUsers } from './issuers/users.ts'
import { openKeyRing } from './key-ring.ts'
import { createKeyUses } from './key-uses.ts'
import { traceRefusal } from './refusal-trace.ts'
import type { RefusalReason } from './refusals.ts'
import { serveKeys, serveProblems, serveTokens, serveVerify } from './routes.ts'
import { createTokens } from './tokens.ts'
import { createVerify, type Verify } from './verify.ts'

export type AuthConfig = {
  /** As the role glimmr_auth. */
  databaseUrl: string
  /** Where the signing keys are; created at the first start. */
  keysDir: string
  log: FastifyBaseLogger
  /** Whose tokens are taken beside our own. */
  issuers?: readonly Issuer[]
  /** Milliseconds since 1970; tests turn it. */
  now?: () => number
}

export type AuthServer = Server & {
  verify: Verify
  jwks: JwksSource
  /** Looks at the signing keys now, not within a second. */
  reloadKeys(): Promise<void>
}

export async function build(config: AuthConfig): Promise<AuthServer> {
  const { databaseUrl, keysDir, log, issuers = [], now = Date.now } = config
  const keys = await openKeyRing({
    directory: keysDir,
    now,
    onError: err => log.error({ err }, 'auth: the signing keys cannot be read again; those of before stay'),
    onRotated: kid => log.info({ kid }, 'auth: another key signs from now on'),
  })
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
  const onRefused = (
    reason: RefusalReason,
    headers: Readonly<Record<string, string | string[] | undefined>>,
  ) => {
    counter.add({ reason })
    traceRefusal(reason, headers.traceparent)
  }
  const apiKeys = createApiKeys({ pool, now, onError })
  const tokens = createTokens(keys, now)
  const keyUses = createKeyUses({ pool, now, onError })
  const externalTokens = createExternalTokens({
    issuers,
    users: createUsers({ pool, now, onError }),
    now,
    onFetched: (issuer, err) => {
      issuerMetrics.fetched(issuer, err)
      if (err !== undefined) log.warn({ err, issuer }, 'auth: the keys of an issuer cannot be fetched')
    },
  })
  const names = issuers.flatMap(({ kind, name }) => (kind === 'keys' ? [name] : []))
  const issuerMetrics = createIssuerMetrics(metrics, names, externalTokens.keyAges)
  const internalTokens = createInternalTokens(tokens, now)
  const verify = createVerify({
    identify: createIdentify({ apiKeys, tokens, internalTokens, externalTokens }),
    onAdmitted: ({ keyId }) => {
      counter.add({ reason: 'admitted' })
      if (keyId !== undefined) keyUses.count(keyId)
    },
    onRefused: (reason, { headers }) => onRefused(reason, headers),
  })
  serveVerify(app, verify)
  serveKeys(app, keys)
  serveTokens(app, { apiKeys, tokens, onRefused })
  serveProblems(app)
  app.addHook('onClose', async () => {
    keys.stop()
    await externalTokens.close()
    await keyUses.stop()
    await pool.end()
  })
  return Object.assign(app, { verify, jwks: async () => keys.jwks(), reloadKeys: keys.reload })
}
