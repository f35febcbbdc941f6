/** Core: hospitals, files and their prices over REST; organisations and API keys. */
import type { JwksSource } from '@glimmr/lib/auth'
import { createPool, rows } from '@glimmr/lib/db'
import type { S3Config } from '@glimmr/lib/s3'
import { createServer, type Server } from '@glimmr/lib/server'
import { sql } from '@glimmr/lib/sql'
import type { FastifyBaseLogger } from 'fastify'
import { routeCreateApiKey } from './api-keys/create-api-key.ts'
import { routeGetApiKey } from './api-keys/get-api-key.ts'
import { routeListApiKeys } from './api-keys/list-api-keys.ts'
import { routeRevokeApiKey } from './api-keys/revoke-api-key.ts'
import { routeListAuditLog } from './audit/list-audit-log.ts'
import { routeGetExport } from './export/get-export.ts'
import { routeGetFile } from './files/get-file.ts'
import { routeListFiles } from './files/list-files.ts'
import { routeListFindings } from './files/list-findings.ts'
import { routeDiffHospital } from './history/diff-hospital.ts'
import { routeListPublications } from './history/list-publications.ts'
import { routeCreateHospital } from './hospitals/create-hospital.ts'
import { routeGetHospital } from './hospitals/get-hospital.ts'
import { routeListHospitals } from './hospitals/list-hospitals.ts'
import { routeChangeOrganisation } from './organisations/change-organisation.ts'
import { routeCreateOrganisation } from './organisations/create-organisation.ts'
import { routeGetOrganisation } from './organisations/get-organisation.ts'
import { routeGetOwnOrganisation } from './organisations/get-own-organisation.ts'
import { routeListOrganisations } from './organisations/list-organisations.ts'
import {
  routeDeleteCanonicalPayer,
  routeListCanonicalPayers,
  routePutCanonicalPayer,
} from './payer-registry/canonical-payers.ts'
import { routeCreatePayerRule } from './payer-registry/create-payer-rule.ts'
import { routeDeletePayerRule } from './payer-registry/delete-payer-rule.ts'
import { routeListPayerRules } from './payer-registry/list-payer-rules.ts'
import { routeListPayers } from './payers/list-payers.ts'
import { routeListPlans } from './payers/list-plans.ts'
import { routeGetPrice } from './prices/get-price.ts'
import { routeGetProof } from './prices/get-proof.ts'
import { routeSearchPrices } from './prices/search-prices.ts'
import { createStore } from './store.ts'
import { routeDescribeTokens } from './tokens/describe-tokens.ts'
import { routeChangeUser } from './users/change-user.ts'
import { routeCreateUser } from './users/create-user.ts'
import { routeGetUser } from './users/get-user.ts'
import { routeListUsers } from './users/list-users.ts'

export type CoreConfig = {
  /** Of the role glimmr_core. */
  databaseUrl: string
  log: FastifyBaseLogger
  jwks: JwksSource
  /** Where the uploaded files are; without it their bytes cannot be shown. */
  s3?: S3Config
  /** How far into a compressed file a row may stand that is shown. */
  maxProofBytes?: number
  poolSize?: number
  /** A search that takes longer is given up, with a sentence for the caller. */
  statementTimeoutMs?: number
  /** As long may a page of a diff take to put the items of both files in order; all of it as lines, four times as long. */
  diffTimeoutMs?: number
}

/**
 * Every statement here has one good plan, whatever is asked for: from index to index, in order, stopping at a page. Planning
 * it anew takes longer than running it; and right after a load, before Postgres has statistics of the new rows, it would
 * choose to read whole tables (2.3 s instead of 5 ms for a payer in a file of two million rates).
 */
const planSettings = {
  plan_cache_mode: 'force_generic_plan',
  enable_hashagg: 'off',
  enable_hashjoin: 'off',
  enable_mergejoin: 'off',
  enable_seqscan: 'off',
  max_parallel_workers_per_gather: '0',
  jit: 'off',
}

const description =
  'Hospitals, their price files and every published price with its file, row and filing date. Lists are paged by cursor.'

/** The service, not yet listening. Closing it ends its connections. */
export async function build(config: CoreConfig): Promise<Server> {
  const {
    databaseUrl,
    log,
    jwks,
    poolSize = 10,
    statementTimeoutMs = 10_000,
    diffTimeoutMs = 30_000,
  } = config
  const pool = createPool({
    url: databaseUrl,
    name: 'glimmr_core',
    max: poolSize,
    statementTimeoutMs,
    settings: planSettings,
    onError: error => log.warn({ err: error }, 'a database connection broke'),
  })
  const ready = async () => void (await rows(pool, sql`select 1`))
  const { app } = await createServer({ name: 'core', description, log, jwks, scope: 'core:read', ready })
  const { s3, maxProofBytes } = config
  const store = s3 && createStore(s3, { ...(maxProofBytes !== undefined && { maxProofBytes }) })
  app.addHook('onClose', async () => {
    store?.client.destroy()
    await pool.end()
  })
  routeListHospitals(app, pool)
  routeGetHospital(app, pool)
  routeCreateHospital(app, pool)
  routeListPublications(app, pool)
  routeDiffHospital(app, pool, { timeoutMs: diffTimeoutMs })
  routeListFiles(app, pool)
  routeGetFile(app, pool)
  routeListFindings(app, pool)
  routeGetExport(app, pool, databaseUrl)
  routeSearchPrices(app, pool)
  routeGetPrice(app, pool)
  routeGetProof(app, pool, store)
  routeListPayers(app, pool)
  routeListPlans(app, pool)
  routeListCanonicalPayers(app, pool)
  routePutCanonicalPayer(app, pool)
  routeDeleteCanonicalPayer(app, pool)
  routeListPayerRules(app, pool)
  routeCreatePayerRule(app, pool)
  routeDeletePayerRule(app, pool)
  routeCreateApiKey(app, pool)
  routeListApiKeys(app, pool)
  routeGetApiKey(app, pool)
  routeRevokeApiKey(app, pool)
  routeDescribeTokens(app)
  routeCreateUser(app, pool)
  routeListUsers(app, pool)
  routeGetUser(app, pool)
  routeChangeUser(app, pool)
  routeListAuditLog(app, pool)
  routeCreateOrganisation(app, pool)
  routeListOrganisations(app, pool)
  routeGetOrganisation(app, pool)
  routeChangeOrganisation(app, pool)
  routeGetOwnOrganisation(app, pool)
  return app
}
