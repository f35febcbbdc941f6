/**
 * GET /v1/links/graphql with `Upgrade: websocket`: subscriptions. The handshake is an ordinary request first, so that
 * what guards every route guards it too; only then the connection changes its protocol.
 */
import { randomUUID } from 'node:crypto'
import { type IncomingMessage, STATUS_CODES } from 'node:http'
import type { Duplex } from 'node:stream'
import { RequestError } from '@glimmr/engine/errors'
import { createSockets } from '@glimmr/engine/http/sockets'
import { type Identity, identityOf } from '@glimmr/lib/auth'
import { problem } from '@glimmr/lib/errors'
import { createGauge, type Metrics } from '@glimmr/lib/metrics'
import type { Server } from '@glimmr/lib/server'
import type { Answerer } from './answerer.ts'
import { chosenRole, sessionVariables } from './session.ts'

export type GraphqlSockets = {
  /** For the `upgrade` event of whichever server listens. */
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void
  /** Ends every connection: an HTTP server closes only after them. */
  end(): void
}

export const path = '/v1/links/graphql'
/** Known only here, and only while its handshake is under way. */
const ticketHeader = 'x-glimmr-handshake'

type Asking = { identity: Identity; role: string | undefined; expiresAt: number | undefined }

export function serveGraphqlSockets(
  app: Server,
  { answerer: { engine }, metrics }: { answerer: Answerer; metrics: Metrics },
): GraphqlSockets {
  const tickets = new Map<string, Asking | undefined>()
  const admitted = new WeakMap<IncomingMessage, Asking>()
  app.get(path, { config: { scope: 'links:read' }, schema: { hide: true } }, async request => {
    const ticket = String(request.headers[ticketHeader] ?? '')
    if (!tickets.has(ticket))
      throw problem(426, 'Ask with POST, or with a WebSocket handshake', {
        headers: { upgrade: 'websocket' },
      })
    if (!engine)
      throw problem(501, 'Subscriptions come from the Hasura behind this service: connect to it directly')
    const role = request.headers['x-hasura-role']
    tickets.set(ticket, {
      identity: identityOf(request),
      role: typeof role === 'string' ? role : undefined,
      expiresAt: expiryOf(request.headers.authorization),
    })
    return {}
  })
  const sockets =
    engine &&
    createSockets({
      engine,
      keyOf: ({ vars }) => vars['x-hasura-user-id'] ?? '',
      limits: { startsPerMinute: 600 },
      onError: error => app.log.error({ err: error }, 'a GraphQL operation failed'),
      authenticate(headers, handshake) {
        const asking = admitted.get(handshake)
        const role = asking && chosenRole(headers['x-hasura-role'] ?? asking.role, asking.identity)
        if (!asking || role === undefined)
          throw new RequestError('access-denied', '$', 'Your requested role is not in allowed roles')
        const vars = sessionVariables(asking.identity, role)
        return { role, vars, ...(asking.expiresAt === undefined ? {} : { expiresAt: asking.expiresAt }) }
      },
    })
  if (sockets)
    createGauge(metrics, {
      name: 'graphql_websocket_connections',
      help: 'WebSocket connections that are open',
      labelNames: [],
      read: async () => [{ labels: {}, value: sockets.size() }],
    })

  async function admit(request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    const ticket = randomUUID()
    tickets.set(ticket, undefined)
    try {
      const answer = await app.inject({
        method: 'GET',
        url: request.url ?? '/',
        headers: { ...withoutUpgrade(request.headers), [ticketHeader]: ticket },
      })
      const asking = tickets.get(ticket)
      if (socket.destroyed) return
      if (!asking || !sockets) return refuse(socket, answer.statusCode, answer.headers, answer.body)
      admitted.set(request, asking)
      sockets.upgrade(request, socket, head)
    } finally {
      tickets.delete(ticket)
    }
  }

  return {
    upgrade: (request, socket, head) => {
      // Whoever goes away during the handshake is nobody's fault.
      socket.on('error', () => socket.destroy())
      admit(request, socket, head).catch(() => socket.destroy())
    },
    end: () => sockets?.end(),
  }
}

function withoutUpgrade(headers: IncomingMessage['headers']): IncomingMessage['headers'] {
  const { connection: _connection, upgrade: _upgrade, ...rest } = headers
  return rest
}

/** When the verified token ends, in milliseconds since 1970. */
function expiryOf(authorization: string | undefined): number | undefined {
  const [, payload = ''] = (authorization ?? '').split('.')
  const { exp } = JSON.parse(Buffer.from(payload, 'base64url').toString('utf8'))
  return typeof exp === 'number' ? exp * 1000 : undefined
}

function refuse(socket: Duplex, status: number, headers: Record<string, unknown>, body: string): void {
  const kept = Object.entries(headers).filter(([name]) => !['connection', 'content-length'].includes(name))
  const lines = kept.map(([name, value]) => `${name}: ${value}\r\n`).join('')
  const length = Buffer.byteLength(body)
  socket.end(
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\n${lines}content-length: ${length}\r\nconnection: close\r\n\r\n${body}`,
  )
}
