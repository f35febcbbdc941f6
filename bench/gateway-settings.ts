/** A scratch database with a key, and where a gateway of the benches finds what it needs. */
import { join } from 'node:path'
import { createTestDatabase } from '@glimmr/dev/testing'
import { createApiKey } from '@glimmr/lib/api-keys'
import type { BenchServer } from './gateway-server.ts'

export type GatewaySettings = Omit<BenchServer, 'role' | 'service'> & { key: string }

const organisation = '00000000-0000-4000-8000-00000000000b'

export async function prepareGateway(
  folder: string,
  onEnd: (handler: () => unknown) => void,
): Promise<GatewaySettings> {
  const db = await createTestDatabase({ teardown: onEnd })
  const made = createApiKey({ roles: ['partner'] })
  await db.pool.query(`insert into core.organisations (id, name) values ($1, 'bench')`, [organisation])
  await db.pool.query(
    `insert into core.api_keys (organisation_id, name, prefix, hash, roles, scopes) values ($1, 'bench', $2, $3, $4, $5)`,
    [organisation, made.prefix, made.hash, ['partner'], made.scopes],
  )
  await db.pool.query(
    `insert into core.hospitals (organisation_id, name, state) select $1, 'Hospital ' || n, 'TX' from generate_series(1, 20) n`,
    [organisation],
  )
  return {
    databaseUrls: { auth: db.urlFor('glimmr_auth'), core: db.urlFor('glimmr_core') },
    keysDir: join(folder, 'keys'),
    logFile: join(folder, 'access.log'),
    key: made.key,
  }
}

/** The service's own token for a key: what the gateway sends on. */
export async function tokenFor(port: number, key: string): Promise<string> {
  const answer = await fetch(`http://127.0.0.1:${port}/v1/core/tokens`, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}` },
  })
  const { access_token, token } = (await answer.json()) as { access_token?: string; token?: string }
  const made = access_token ?? token
  if (!made) throw new Error(`no token: ${answer.status}`)
  return made
}
