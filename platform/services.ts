/** The services, mounted in the router under the URLs that the route files give them: no hop, no port of their own. */
import { fileURLToPath } from 'node:url'
import { build as buildCore } from '@glimmr/core/server'
import { build as buildAuth } from '@glimmr/gateway/auth/server'
import { createRouter } from '@glimmr/gateway/router/router'
import type { S3Config } from '@glimmr/lib/s3'
import { build as buildLinks } from '@glimmr/links/server'
import { build as buildMedia } from '@glimmr/media/server'
import { build as buildPipeline } from '@glimmr/pipeline/server'
import type { FastifyBaseLogger } from 'fastify'
import type { Database } from './database.ts'
import { serveOperations } from './operations.ts'
import type { HeldPort } from './ports.ts'
import type { Settings } from './settings.ts'

const fromRoot = (path: string) => fileURLToPath(new URL(`../${path}`, import.meta.url))

export type ServicesOptions = {
  port: HeldPort
  opsPort: HeldPort
  gatewayUrl: string
  s3: S3Config
  database: Database
  log: FastifyBaseLogger
  settings: Settings
  /** What `{{ env "…" }}` in the route files sees: other limits, say. */
  env: Record<string, string | undefined>
}

export type Services = {
  /** Where metrics and health are: for the operator, not through the gateway. */
  opsUrl: string
  stop(): Promise<void>
}

export async function startServices(options: ServicesOptions): Promise<Services> {
  const { port, opsPort, gatewayUrl, s3, database, log, env, settings } = options
  const auth = await buildAuth({
    databaseUrl: database.url('glimmr_auth'),
    keysDir: settings.auth.KEYS_DIR,
    issuers: settings.auth.ISSUERS,
    log,
  })
  const { jwks } = auth
  const [core, media, links, pipeline] = await Promise.all([
    buildCore({ ...settings.core, databaseUrl: database.url('glimmr_core'), log, jwks, s3 }),
    buildMedia({ ...settings.media, databaseUrl: database.url('glimmr_media'), log, jwks, s3 }),
    buildLinks({ ...settings.links, databaseUrl: database.url('glimmr_links'), log, jwks }),
    buildPipeline({ ...settings.pipeline, databaseUrl: database.url('glimmr_pipeline'), log, s3 }),
  ])
  const apps = [core, media, links, pipeline, auth]
  await Promise.all(apps.map(app => app.ready()))
  const router = createRouter({
    staticFile: fromRoot('traefik/traefik.yml'),
    mounts: {
      'http://auth:3004': { routing: auth.routing, verify: auth.verify },
      'http://core:3001': core,
      'http://media:3002': media,
      'http://links:3003': links,
    },
    env,
    // One machine, one user: nothing listens for the network, and what `ops` has is on the platform's own page of it.
    overrides: { entryPoints: { web: { port: port.port, host: '127.0.0.1' }, ops: false } },
    log: log.child({ service: 'gateway' }),
  })
  await port.release()
  await router.listen()
  await pipeline.start()
  const ops = await serveOperations(
    { core, media, links, pipeline, auth },
    { url: gatewayUrl, metrics: router.metricsText },
    opsPort,
  )
  const stop = async () => {
    media.endStreams()
    links.endSockets()
    await router.close()
    await ops.close()
    await pipeline.stop()
    await Promise.all(apps.map(app => app.close()))
  }
  return { opsUrl: ops.url, stop }
}
