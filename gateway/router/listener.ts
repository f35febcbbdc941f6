/**
 * The listening socket of an entry point. It hands connections on: plain ones straight to the HTTP server; where a
 * router has TLS, those that begin with a TLS handshake go there first. Both kinds may come on one port, as in Traefik.
 */
import { type AddressInfo, createServer, type Socket } from 'node:net'
import type { EntryPointConfiguration } from './configuration/static.ts'
import { readClientHello } from './tls/client-hello.ts'
import type { Terminate } from './tls/termination.ts'

export type ListenerContext = {
  /** node's HTTP server, which itself listens on nothing. */
  http: {
    emit(event: 'connection' | 'listening', socket?: Socket): boolean
    close(done: () => void): unknown
    closeIdleConnections(): void
    headersTimeout: number
  }
  lifeCycle: EntryPointConfiguration['transport']['lifeCycle']
  /** Asked for each connection: a reload may bring TLS, or other certificates. */
  terminate(): Terminate | undefined
  openConnections(open: number): void
}

export type Listener = {
  listen(port: number, host: string | undefined): Promise<AddressInfo>
  /** Waits for requests under way, at most the configured grace time. */
  close(): Promise<void>
}

const accepting = {
  // As node's own HTTP server: a client may end its side and still be answered.
  allowHalfOpen: true,
  noDelay: true,
  // A client that is gone without a word is found out; after as long as in Traefik.
  keepAlive: true,
  keepAliveInitialDelay: 180_000,
}

export function createListener(context: ListenerContext): Listener {
  const { http, terminate, openConnections } = context
  const sockets = new Set<Socket>()
  const undecided = new Set<Socket>()
  const front = createServer(accepting, socket => {
    sockets.add(socket)
    openConnections(sockets.size)
    socket.once('close', () => {
      sockets.delete(socket)
      openConnections(sockets.size)
    })
    const tls = terminate()
    if (!tls) return void http.emit('connection', socket)
    undecided.add(socket)
    socket.once('close', () => undecided.delete(socket))
    decide(socket, tls)
  })

  const decide = (socket: Socket, tls: Terminate) => {
    let seen = Buffer.alloc(0)
    const timer = setTimeout(() => socket.destroy(), http.headersTimeout)
    socket.once('close', () => clearTimeout(timer))
    socket.once('error', () => socket.destroy())
    const look = (chunk: Buffer) => {
      seen = Buffer.concat([seen, chunk])
      const hello = readClientHello(seen)
      if (hello.kind === 'partial') return
      clearTimeout(timer)
      socket.off('data', look).pause()
      undecided.delete(socket)
      socket.unshift(seen)
      // The TLS side takes what was read from the paused socket by itself.
      if (hello.kind === 'tls') return tls(socket, hello.serverName, secureConnection)
      http.emit('connection', socket)
      socket.resume()
    }
    socket.on('data', look)
  }
  const secureConnection = (socket: Socket) => void http.emit('connection', socket)

  return {
    listen: (port, host) =>
      new Promise((resolve, reject) => {
        front.once('error', reject)
        front.listen({ port, ...(host && { host }) }, () => {
          front.off('error', reject)
          // Starts what node's HTTP server does by the clock: the time limits of heads and requests.
          http.emit('listening')
          resolve(front.address() as AddressInfo)
        })
      }),
    async close() {
      if (!front.listening) return
      const { requestAcceptGraceTimeout, graceTimeOut } = context.lifeCycle
      if (requestAcceptGraceTimeout > 0)
        await new Promise(resolve => setTimeout(resolve, requestAcceptGraceTimeout))
      const closed = new Promise<void>(resolve => front.close(() => resolve()))
      for (const socket of undecided) socket.destroy()
      // A connection is idle once its request is through: none is kept for another.
      const sweep = setInterval(() => http.closeIdleConnections(), 20)
      // WebSockets as well, which are nobody's requests any more.
      const limit = setTimeout(() => {
        for (const socket of sockets) socket.destroy()
      }, graceTimeOut)
      await closed
      clearInterval(sweep)
      clearTimeout(limit)
      http.close(() => {})
    },
  }
}
