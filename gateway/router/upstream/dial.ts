/** A connection to a server, plain or over TLS. */
import { connect as connectPlain, isIP, type OnReadOpts, type Socket } from 'node:net'
import { type ConnectionOptions, connect as connectTls } from 'node:tls'

/** Where connections go, and for how long they may try. 0 milliseconds: for ever. */
export type Destination = {
  host: string
  port: number
  tls: ConnectionOptions | undefined
  dialTimeoutMs: number
  answerTimeoutMs: number
  /** Every request has a connection of its own. */
  single: boolean
}

const waitsMs = 30_000

/** By name, as Traefik does it: the server's own unless `serverName` says another; not what the client wrote as its Host. */
export function dial(
  { host, port, tls }: Destination,
  session: Buffer | undefined,
  onread: OnReadOpts,
): Socket {
  if (!tls)
    return connectPlain({
      host,
      port,
      onread,
      noDelay: true,
      keepAlive: true,
      keepAliveInitialDelay: waitsMs,
    })
  const options = {
    servername: isIP(host) ? '' : host,
    ...tls,
    host,
    port,
    onread,
    ALPNProtocols: ['http/1.1'],
    ...(session && { session }),
  }
  const socket = connectTls(options)
  return socket.setNoDelay(true).setKeepAlive(true, waitsMs)
}
