/** For tests: an engine over the golden tables, behind a WebSocket server of its own. */
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { createTestDatabase } from '@glimmr/dev/testing'
import type { Test } from 'tap'
import { WebSocket } from 'ws'
import { createEngine, type EngineOptions } from '../engine.ts'
import type { Metadata } from '../metadata-types.ts'
import { authenticate } from './auth.ts'
import type { SocketLimits } from './socket-limits.ts'
import { createSockets } from './sockets.ts'

const golden = join(import.meta.dirname, '../golden')
export const secret = 'a-secret-of-tests'

export type SetUp = {
  engine?: Partial<EngineOptions>
  limits?: Partial<SocketLimits>
  /** Milliseconds that credentials hold. */
  holdsMs?: number
}

export async function setUpSockets(t: Test, { engine: options, limits, holdsMs }: SetUp = {}) {
  const { pool } = await createTestDatabase(t)
  await pool.query(await readFile(join(golden, 'schema.sql'), 'utf8'))
  const metadata: Metadata = JSON.parse(await readFile(join(golden, 'metadata.json'), 'utf8'))
  // Polls are rare, so that what comes soon comes because of a write.
  const subscriptions = { intervalMs: 60_000 }
  const engine = await createEngine({ metadata, pools: { default: pool }, subscriptions, ...options })
  const sockets = createSockets({
    engine,
    authenticate: headers => ({
      ...authenticate({ adminSecret: secret }, headers),
      ...(holdsMs === undefined ? {} : { expiresAt: Date.now() + holdsMs }),
    }),
    ...(limits ? { limits } : {}),
  })
  const server = createServer().on('upgrade', sockets.upgrade)
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const url = `ws://127.0.0.1:${(server.address() as AddressInfo).port}/v1/graphql`
  t.teardown(async () => {
    sockets.end()
    server.closeAllConnections()
    server.close()
    await engine.close()
  })
  const write = (query: string) => engine.graphql({ body: { query }, session: { role: 'admin', vars: {} } })
  return { engine, sockets, pool, url, write, connect: (protocol: string) => connectRaw(t, url, protocol) }
}

/** `connection_init` as admin, or as another role. */
export function headersOf(role?: string, vars: Record<string, string> = {}): Record<string, string> {
  return { 'x-hasura-admin-secret': secret, ...(role ? { 'x-hasura-role': role } : {}), ...vars }
}

export type Raw = {
  socket: WebSocket
  send(frame: object): void
  /** The next frame that is no keep-alive. */
  frame(): Promise<{ type: string; id?: string; payload?: unknown }>
  closed: Promise<{ code: number; reason: string }>
}

/** A connection that sends what it likes. */
async function connectRaw(t: Test, url: string, protocol: string): Promise<Raw> {
  const socket = new WebSocket(url, protocol)
  const frames: Awaited<ReturnType<Raw['frame']>>[] = []
  const waiting: ((frame: Awaited<ReturnType<Raw['frame']>>) => void)[] = []
  socket.on('message', data => {
    const frame = JSON.parse(String(data))
    if (['ka', 'ping'].includes(frame.type)) return
    const next = waiting.shift()
    if (next) next(frame)
    else frames.push(frame)
  })
  socket.on('error', () => undefined)
  const closed = new Promise<{ code: number; reason: string }>(resolve =>
    socket.on('close', (code, reason) => resolve({ code, reason: String(reason) })),
  )
  t.teardown(() => socket.terminate())
  await Promise.race([once(socket, 'open'), closed])
  return {
    socket,
    closed,
    send: frame => socket.send(JSON.stringify(frame)),
    frame: () => {
      const known = frames.shift()
      return known ? Promise.resolve(known) : new Promise(resolve => waiting.push(resolve))
    },
  }
}
