/**
 * One process of the gateway bench, told by GATEWAY_BENCH what it is:
 *   inside   router, auth and the service in one process; no hop
 *   proxied  router and auth; the service has an address of its own
 *   service  the service alone, on its port
 * Prints `{ port, pid }` once it listens; says its CPU time and memory for every line on standard input.
 */

import '@glimmr/lib/telemetry'
import { createInterface } from 'node:readline'
import type { Duplex } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { build as buildCore } from '@glimmr/core/server'
import { build as buildAuth } from '@glimmr/gateway/auth/server'
import { createRouter } from '@glimmr/gateway/router/router'
import { createLogLines } from '@glimmr/lib/log-lines'
import { closeGently } from '@glimmr/lib/run-service'
import { createServer } from '@glimmr/lib/server'
import { pino } from 'pino'

export type BenchServer = {
  role: 'inside' | 'proxied' | 'service'
  /** `light`: a constant answer of 1 KiB, so that what is around it weighs most. `core`: the real one. */
  service: 'light' | 'core'
  databaseUrls: { auth: string; core: string }
  keysDir: string
  logFile: string
  /** Of the service, for `proxied`. */
  serviceUrl?: string
  /** Where `service` listens; any by default. */
  port?: number
  /** Other route files than those of production. */
  staticFile?: string
  env?: Record<string, string>
}

const limits = ['CORE', 'MEDIA', 'LINKS'].flatMap(name => [
  `${name}_LIMIT`,
  `${name}_LIMIT_PARTNER`,
  `${name}_LIMIT_BULK`,
])
const settings = JSON.parse(String(process.env.GATEWAY_BENCH)) as BenchServer
// As in production: the access log is written, and lines leave in batches.
const log = pino({}, createLogLines({ dest: settings.logFile }))
const auth = await buildAuth({ databaseUrl: settings.databaseUrls.auth, keysDir: settings.keysDir, log })
await auth.ready()
const app = settings.service === 'core' ? await core() : await light()
await app.ready()
const port = settings.role === 'service' ? await listenAlone() : await listenBehindRouter()
console.log(JSON.stringify({ port, pid: process.pid }))

// As every service of ours with DRAIN_SECONDS=1: what is under way ends, then the process.
process.once('SIGTERM', () => void closeGently(app, 1000).then(() => process.exit(0)))
createInterface({ input: process.stdin }).on('line', () => {
  const { user, system } = process.cpuUsage()
  console.log(JSON.stringify({ cpuMs: (user + system) / 1000, rssMb: process.memoryUsage.rss() / 2 ** 20 }))
})

async function core() {
  return buildCore({ databaseUrl: settings.databaseUrls.core, log, jwks: auth.jwks })
}

async function light() {
  const { app: made } = await createServer({
    name: 'core',
    description: 'answers what it has',
    log,
    ready: async () => {},
    jwks: auth.jwks,
  })
  const rows = Array.from({ length: 8 }, (_, id) => ({ id, name: 'x'.repeat(100) }))
  made.get('/v1/core/light', { config: { scope: 'core:read' } }, async () => ({ rows }))
  const piece = Buffer.alloc(65_536, 'x')
  made.get<{ Querystring: { bytes: number } }>(
    '/v1/core/stream',
    { config: { scope: 'core:read' } },
    (request, reply) => {
      reply.hijack()
      const total = Number(request.query.bytes)
      let sent = 0
      reply.raw.writeHead(200, { 'content-type': 'application/octet-stream', 'content-length': total })
      const pump = () => {
        while (sent < total) {
          sent += piece.length
          if (!reply.raw.write(piece)) return void reply.raw.once('drain', pump)
        }
        reply.raw.end()
      }
      pump()
    },
  )
  return made
}

async function listenAlone(): Promise<number> {
  const address = await app.listen({ port: settings.port ?? 0, host: '127.0.0.1' })
  app.server.on('upgrade', (_request, socket) => greet(socket))
  return Number(new URL(address).port)
}

async function listenBehindRouter(): Promise<number> {
  const inside = settings.role === 'inside'
  const router = createRouter({
    staticFile: settings.staticFile ?? fileURLToPath(new URL('../traefik/traefik.yml', import.meta.url)),
    mounts: {
      'http://auth:3004': { routing: auth.routing, verify: auth.verify },
      ...(inside && {
        'http://core:3001': { routing: app.routing, upgrade: (_request, socket) => greet(socket) },
      }),
    },
    env: {
      // The limits are there and are counted; they only never run out.
      ADDRESS_LIMIT: '100000000',
      ADDRESS_BURST: '100000000',
      ...Object.fromEntries(limits.map(name => [name, '100000000'])),
      ...(settings.serviceUrl && { CORE_URL: settings.serviceUrl }),
      ...settings.env,
    },
    overrides: { entryPoints: { web: { port: 0, host: '127.0.0.1' }, ops: false } },
    log,
  })
  return (await router.listen()).port
}

/** A WebSocket that never says anything. */
function greet(socket: Duplex): void {
  socket.write('HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n')
  socket
    .on('error', () => socket.destroy())
    .on('end', () => socket.end())
    .resume()
}
