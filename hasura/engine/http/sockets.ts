/** GraphQL over WebSocket: takes handshakes of an HTTP server and answers them with the sub-protocol that was asked for. */
import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { WebSocketServer } from 'ws'
import type { Engine } from '../engine.ts'
import type { Session } from '../session.ts'
import { type ConnectionOptions, serveSocket } from './socket-connection.ts'
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
}

export function createSockets({
  engine,
  authenticate,
  keyOf = keyOfSession,
  ...options
}: SocketsOptions): Sockets {
  const limits = { ...defaultSocketLimits, ...options.limits }
  const server = new WebSocketServer({
    noServer: true,
    maxPayload: limits.messageBytes,
    handleProtocols: offered =>
      offered.has(modern.name) ? modern.name : offered.has(apollo.name) && apollo.name,
  })
  const perKey = new Map<string, number>()
  const admit = (session: Session) => {
    const key = keyOf(session)
    const known = perKey.get(key) ?? 0
    if (known >= limits.connectionsPerKey) return undefined
    perKey.set(key, known + 1)
    return () => {
      const left = (perKey.get(key) ?? 1) - 1
      if (left > 0) perKey.set(key, left)
      else perKey.delete(key)
    }
  }
  return {
    upgrade(request, socket, head) {
      if (server.clients.size >= limits.connections) {
        socket.end('HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\nContent-Length: 0\r\n\r\n')
        return
      }
      server.handleUpgrade(request, socket, head, client => {
        const older = request.url?.startsWith('/v1alpha1/') ? apolloV1alpha1 : apollo
        const protocol = client.protocol === modern.name ? modern : older
        serveSocket(client, request, protocol, { engine, authenticate, admit, limits })
      })
    },
    size: () => server.clients.size,
    end() {
      for (const client of server.clients) client.close(1001)
    },
  }
}

function keyOfSession({ role, vars }: Session): string {
  return `${role}\0${vars['x-hasura-user-id'] ?? ''}`
}
