/** A service in this process: called instead of a server, under the URL that the route file gives the server. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import type { RequestHeaders } from '../request/headers.ts'

export type Mount = {
  /** Fastify's `app.routing`. */
  routing(request: IncomingMessage, response: ServerResponse): void
  /**
   * The same code as its HTTP endpoint for forwardAuth, called directly. The request's id stays as it is, said or not; the
   * same headers as before may be the same object.
   */
  verify?(request: VerifyRequest): Verdict | Promise<Verdict>
  /** For an app that takes WebSockets. Without it a handshake is an ordinary request. */
  upgrade?(request: IncomingMessage, socket: Duplex, head: Buffer): void
}

/** What a forwardAuth endpoint is told. */
export type VerifyRequest = {
  /** Path and query of forwardAuth's `address`. */
  address: string
  /** Lower-case names; read only. */
  headers: Readonly<RequestHeaders>
  method: string
  /** Path and query of the request in question. */
  uri: string
  requestId: string
  traceId: string | undefined
  /** The client's socket. */
  connection: object
}

/** Names in lower case; a header that comes several times is a list. */
export type Verdict = {
  status: number
  headers: Readonly<Record<string, string | string[]>>
  body: string
}

/** By server URL as in the route file, `http://core:3001`. */
export type Mounts = ReadonlyMap<string, Mount>

/** `http://core:3001/` and `http://CORE:3001` are the same server. */
export function serverKey(url: string): string {
  const { protocol, host } = new URL(url)
  return `${protocol}//${host}`
}
