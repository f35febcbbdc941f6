/** GraphQL over WebSocket: takes handshakes of an HTTP server and answers them with the sub-protocol that was asked for. */
import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { WebSocketServer } from 'ws'
import type { Engine } from '../engine.ts'
import type { Session } from '../session.ts'
import type { Log } from './log.ts'
import { type Admission, type ConnectionOptions, serveSocket } from './socket-connection.ts'
import { defaultSocketLimits, type SocketLimits } from './socket-limits.ts'
import { apollo, apolloV1alpha1, modern } from './socket-protocol.ts'

export type Sockets = {
  /** For `server.on('upgrade', …)`, when the path is GraphQL's. */
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void
  /** Connections under way. */
  size(): number
  /** Closes all of them: the server goes. */
  end(): void
}

export type SocketsOptions = {
  engine: Pick<Engine, 'graphql' | 'subscribe'>
  authenticate: ConnectionOptions['authenticate']
  limits?: Partial<SocketLimits> | undefined
  /** What counts as one client. */
  keyOf?: ((session: Session) => string) | undefined
  log?: Log | undefined
  /** Told what is no fault of a client: it is answered `unexpected`. */
  onError?: ((error: unknown) => void) | undefined
}

export function createSockets({
  engine,
  authenticate,
  keyOf = keyOfSession,
  log,
  onError,
  ...options
}: SocketsOptions): Sockets {
  const limits = { ...defaultSocketLimits, ...options.limits }
  const server = new WebSocketServer({
    noServer: true,
    maxPayload: limits.messageBytes,
    handleProtocols: offered =>
      offered.has(modern.name) ? modern.name : offered.has(apollo.name) && apollo.name,
  })
  const admit = createAdmission(limits, keyOf)
  return {
    upgrade(request, socket, head) {
      if (server.clients.size >= limits.connections) {
        socket.end('HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\nContent-Length: 0\r\n\r\n')
        return
      }
      server.handleUpgrade(request, socket, head, client => {
        const older = request.url?.startsWith('/v1alpha1/') ? apolloV1alpha1 : apollo
        const protocol = client.protocol === modern.name ? modern : older
        serveSocket(client, request, protocol, { engine, authenticate, admit, limits, log, onError })
      })
    },
    size: () => server.clients.size,
    end() {
      for (const client of server.clients) {
        client.close(1001)
        // Not for longer than it takes to say goodbye.
        setTimeout(() => client.terminate(), 500).unref()
      }
    },
  }
}

type Client = { connections: number; starts: number; since: number }

/** Counts the connections of each client, and what they start within a minute. */
function createAdmission(limits: SocketLimits, keyOf: (session: Session) => string) {
  const clients = new Map<string, Client>()
  return (session: Session): Admission | undefined => {
    const key = keyOf(session)
    const client = clients.get(key) ?? { connections: 0, starts: 0, since: performance.now() }
    if (client.connections >= limits.connectionsPerKey) return undefined
    clients.set(key, client)
    client.connections += 1
    return {
      mayStart() {
        const now = performance.now()
        if (now - client.since > 60_000) Object.assign(client, { starts: 0, since: now })
        client.starts += 1
        return client.starts <= limits.startsPerMinute
      },
      leave() {
        client.connections -= 1
        if (client.connections === 0) clients.delete(key)
      },
    }
  }
}

function keyOfSession({ role, vars }: Session): string {
  return `${role}\0${vars['x-hasura-user-id'] ?? ''}`
}
