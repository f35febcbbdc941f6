/** Where a request goes when it leaves this process, and what it means when nothing comes back. */
import type { ConnectionOptions } from 'node:tls'
import type { Dispatcher } from 'undici'
import { answerError, answerPlain, type Exchange, type UpstreamFailure } from '../request/exchange.ts'
import { addRaw, firstValue, valuesOf } from '../request/headers.ts'

/** How servers are spoken to: `http.serversTransports` of the route files. */
export type Transport = { dispatcher: Dispatcher; upgrades: UpgradeTransport }
/** The same for connections that become WebSockets, which are nobody's to keep. 0 milliseconds: for ever. */
export type UpgradeTransport = { tls: ConnectionOptions; dialTimeoutMs: number; headersTimeoutMs: number }

/** RFC 9110, 7.6.1: they end here, either way. Transfer-Encoding is each connection's own affair. */
export const hopByHop: ReadonlySet<string> = new Set([
  'connection',
  'proxy-connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'expect',
])

/**
 * The headers that go to a server, as a list of name, value, …; the exchange's own stay as they are, since the same request
 * may be sent again, to another server or for an error page.
 */
export function outgoingHeaders(exchange: Exchange, host: string): string[] {
  const { headers } = exchange
  const forwarded = forwardedFor(exchange)
  const raw = ['Host', host]
  for (const name in headers) {
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

const timeouts = new Set([
  'UND_ERR_HEADERS_TIMEOUT',
  'UND_ERR_BODY_TIMEOUT',
  'UND_ERR_CONNECT_TIMEOUT',
  'ETIMEDOUT',
])
const unreached = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'UND_ERR_CONNECT_TIMEOUT',
])

/** 504 for a server that took too long, 502 for one that is away or broke off. */
export function failureOf(error: unknown): UpstreamFailure {
  const code = String((error as { code?: unknown } | null)?.code ?? '')
  return { status: timeouts.has(code) ? 504 : 502, requestSent: !unreached.has(code), cause: error }
}

export function answerFailure(exchange: Exchange, { status }: UpstreamFailure): void {
  exchange.refusal = status === 504 ? 'server_timeout' : 'server_unreachable'
  answerPlain(exchange, status)
}

/** None of a service's servers is up. `words`: Traefik's own for it. */
export function answerNoServer(exchange: Exchange, words?: string): void {
  exchange.refusal = 'no_server'
  answerError(exchange, 503, words)
}
