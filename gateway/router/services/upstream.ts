/** Where a request goes when it leaves this process, and what it means when nothing comes back. */
import type { ConnectionOptions } from 'node:tls'
import { answerError, answerPlain, type Exchange, type UpstreamFailure } from '../request/exchange.ts'
import { addRaw, firstValue, valuesOf } from '../request/headers.ts'
import { hopByHop } from '../upstream/hop-by-hop.ts'
import type { Pool } from '../upstream/pool.ts'

/** How servers are spoken to: `http.serversTransports` of the route files. */
export type Transport = {
  /** The connections to a server, by its origin. */
  poolFor(origin: string): Pool
  /** Others, which the caller closes. */
  openPool(origin: string): Pool
  upgrades: UpgradeTransport
  /** When no request uses it any more. */
  close(): void
}
/** The same for connections that become WebSockets, which are nobody's to keep. 0 milliseconds: for ever. */
export type UpgradeTransport = { tls: ConnectionOptions; dialTimeoutMs: number; headersTimeoutMs: number }

/**
 * The headers that go to a server, as a list of name, value, …; the exchange's own stay as they are, since the same request
 * may be sent again, to another server or for an error page.
 */
export function outgoingHeaders(exchange: Exchange, host: string): string[] {
  const { headers } = exchange
  const forwarded = forwardedFor(exchange)
  const raw = ['Host', host]
  for (const name in headers) {
    // The length is the connection's to say, unless the connection is the client's.
    if (name === 'content-length' && !exchange.upgrade) continue
    if (hopByHop.has(name) || name === 'host' || (name === 'x-forwarded-for' && forwarded)) continue
    // Go's transport sends one.
    addRaw(raw, name, name === 'user-agent' ? firstValue(headers, name) : headers[name])
  }
  if (forwarded) raw.push('X-Forwarded-For', forwarded)
  if (String(headers.te ?? '').includes('trailers')) raw.push('Te', 'trailers')
  return raw
}

/** The last step of every proxy: who it heard this from. undefined: the header goes on as it is. */
export function forwardedFor({ headers, client, appendForwardedFor }: Exchange): string | undefined {
  if (!appendForwardedFor) return undefined
  const before = valuesOf(headers, 'x-forwarded-for').join(', ')
  return before === '' ? client.address : `${before}, ${client.address}`
}

/** `headers`: name, value, … */
export type Upstream = { origin: string; path: string; headers: string[] }

const timeouts = new Set(['UPSTREAM_ANSWER_TIMEOUT', 'UPSTREAM_DIAL_TIMEOUT', 'ETIMEDOUT'])
const unreached = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'UPSTREAM_DIAL_TIMEOUT',
])

/** 504 for a server that took too long, 502 for one that is away or broke off, 500 for one whose answer is none, as in Traefik. */
export function failureOf(error: unknown): UpstreamFailure {
  const code = codeOf(error)
  const status = timeouts.has(code) ? 504 : isMalformed(code) ? 500 : 502
  return { status, requestSent: !unreached.has(code), cause: error }
}

const codeOf = (error: unknown) => String((error as { code?: unknown } | null)?.code ?? '')
/** HPE: of node's own parser, which reads handshakes. */
const isMalformed = (code: string) => code === 'UPSTREAM_FAULT' || code.startsWith('HPE_')

export function answerFailure(exchange: Exchange, { status, cause }: UpstreamFailure): void {
  const kind = isMalformed(codeOf(cause)) ? 'server_malformed' : 'server_unreachable'
  exchange.refusal = status === 504 ? 'server_timeout' : kind
  answerPlain(exchange, status)
}

/** None of a service's servers is up. `words`: Traefik's own for it. */
export function answerNoServer(exchange: Exchange, words?: string): void {
  exchange.refusal = 'no_server'
  answerError(exchange, 503, words)
}
