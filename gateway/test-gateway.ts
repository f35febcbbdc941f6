/** For tests: the route files of production, auth, and apps that say what they received. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { createTestDatabase } from '@glimmr/dev/testing'
import { createApiKey, type LimitClass, type Role, roles } from '@glimmr/lib/api-keys'
import { createLog } from '@glimmr/lib/run-service'
import fastify, { type FastifyInstance } from 'fastify'
import { type AuthServer, build } from './auth/server.ts'
import { createRouter } from './router/router.ts'
import { createTestLog } from './router/test-router.ts'

const staticFile = fileURLToPath(new URL('../traefik/traefik.yml', import.meta.url))
export const organisation = '00000000-0000-4000-8000-00000000000a'

export type GatewayOptions = {
  /** What the route files see. */
  env?: Record<string, string>
  /** Services and auth at addresses of their own, as in production. */
  overHttp?: boolean
}

type Tap = { teardown(handler: () => unknown): void }
type Received = {
  service: string
  method: string
  url: string
  headers: Record<string, string>
  raw: string[]
}

export async function startGateway(test: Tap, { env = {}, overHttp = false }: GatewayOptions = {}) {
  const db = await createTestDatabase(test)
  await db.pool.query(`insert into core.organisations (id, name) values ($1, 'An organisation')`, [
    organisation,
  ])
  const keys: Record<string, string> = {}
  for (const role of roles) keys[role] = await addKey(db.pool, role)
  const keysDir = mkdtempSync(join(tmpdir(), 'glimmr-gateway-'))
  test.teardown(() => rmSync(keysDir, { recursive: true }))
  const auth = await build({ databaseUrl: db.urlFor('glimmr_auth'), keysDir, log: createLog('fatal') })
  test.teardown(() => auth.close())
  const received: Received[] = []
  const apps = new Map<string, FastifyInstance | AuthServer>([['auth', auth]])
  for (const name of ['core', 'media', 'links']) apps.set(name, receiver(name, received))
  const ports = { core: 3001, media: 3002, links: 3003, auth: 3004 }
  const urls: Record<string, string> = {}
  for (const [name, app] of apps) {
    test.teardown(() => app.close())
    if (overHttp)
      urls[`${name.toUpperCase()}_URL`] = await (app as FastifyInstance).listen({
        port: 0,
        host: '127.0.0.1',
      })
    else await app.ready()
  }
  const mounts = overHttp
    ? {}
    : Object.fromEntries([...apps].map(([name, app]) => [`http://${name}:${ports[name as 'core']}`, app]))
  let now = 0
  const { log, lines } = createTestLog()
  const router = createRouter({
    staticFile,
    mounts,
    env: { ...urls, ...env },
    log,
    now: () => now,
    overrides: { entryPoints: { web: { port: 0, host: '127.0.0.1' }, ops: { port: 0, host: '127.0.0.1' } } },
  })
  const { url, port, ports: open } = await router.listen()
  test.teardown(() => router.close())
  const wait = (ms: number) => {
    now += ms
  }
  const addKeyOf = (role: Role, limitClass: LimitClass) => addKey(db.pool, role, limitClass)
  return {
    url,
    urls,
    auth,
    keysDir,
    addKey: addKeyOf,
    port,
    opsUrl: `http://127.0.0.1:${open.ops}`,
    keys,
    received,
    wait,
    lines,
  }
}

async function addKey(
  pool: { query(text: string, values: unknown[]): Promise<unknown> },
  role: Role,
  limitClass: LimitClass = 'standard',
): Promise<string> {
  const made = createApiKey({ roles: [role] })
  await pool.query(
    `insert into core.api_keys (organisation_id, name, prefix, hash, roles, scopes, limit_class) values ($1, $2, $3, $4, $5, $6, $7)`,
    [organisation, role, made.prefix, made.hash, [role], made.scopes, limitClass],
  )
  return made.key
}

function receiver(service: string, received: Received[]): FastifyInstance {
  const app = fastify()
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', (_request, payload, done) => {
    payload.resume()
    payload.on('end', () => done(null))
  })
  app.all('/*', async ({ method, url, headers, raw }) => {
    const one = { service, method, url, headers: headers as Record<string, string>, raw: raw.rawHeaders }
    received.push(one)
    return { service }
  })
  return app
}

export const bearer = (key: string | undefined) => ({ authorization: `Bearer ${key}` })
