/**
 * The X-Forwarded-* headers: what an untrusted client says about itself is dropped, then the router says what it sees.
 * https://doc.traefik.io/traefik/reference/install-configuration/entrypoints/#forwarded-headers
 */
import { hostname } from 'node:os'
import type { EntryPointConfiguration } from '../configuration/static.ts'
import { addressTest, splitHostPort } from './addresses.ts'
import type { Exchange } from './exchange.ts'
import { firstValue, hasToken, isManaged, type RequestHeaders, valuesOf } from './headers.ts'

/** `managed`: whether the client has sent headers of this kind. */
export type ForwardedHeaders = (exchange: Exchange, managed: boolean) => void

export function forwardedHeaders(options: EntryPointConfiguration['forwardedHeaders']): ForwardedHeaders {
  const trusted = addressTest(options.trustedIPs)
  const allowed = new Set(options.connection.map(name => name.toLowerCase()))
  const server = hostname()
  return (exchange, managed) => {
    const { headers, client } = exchange
    if (managed && !options.insecure && !trusted(client.address)) dropForwarded(headers)
    say(exchange, server)
    dropConnectionHeaders(headers, allowed)
    exchange.appendForwardedFor = !options.notAppendXForwardedFor
  }
}

export function dropForwarded(headers: RequestHeaders): void {
  for (const name in headers) if (isManaged(name)) delete headers[name]
}

function say({ headers, client, host, secure, upgrade }: Exchange, server: string): void {
  headers['x-real-ip'] ||= client.address
  headers['x-forwarded-proto'] ||= upgrade ? (secure ? 'wss' : 'ws') : secure ? 'https' : 'http'
  headers['x-forwarded-port'] ||= portOf(host, firstValue(headers, 'x-forwarded-proto'), secure)
  if (host) headers['x-forwarded-host'] ||= host
  const before = valuesOf(headers, 'x-forwarded-for')
  if (before.length > 1) headers['x-forwarded-for'] = before.join(', ')
  headers['x-forwarded-server'] = server
}

/** Which port the client took, as far as the Host header and the protocol tell. */
export function portOf(host: string, proto: string, secure: boolean): string {
  return splitHostPort(host).port ?? (/^(?:https|wss)$/.test(proto) || secure ? '443' : '80')
}

// They say what the body is: without them it would be lost, or pass where its length is bounded. Go keeps them apart, too.
const framing = new Set(['content-length', 'transfer-encoding'])

/** Connection names headers that end here (RFC 9110, 7.6.1); only a WebSocket handshake keeps its upgrade. */
function dropConnectionHeaders(headers: RequestHeaders, allowed: ReadonlySet<string>): void {
  if (headers.connection === undefined) return
  const upgrade = hasToken(headers, 'connection', 'upgrade') ? headers.upgrade : undefined
  const kept: string[] = []
  for (const line of valuesOf(headers, 'connection')) {
    for (const part of line.split(',')) {
      const name = part.trim().toLowerCase()
      if (name === '' || framing.has(name) || isManaged(name)) continue
      if (allowed.has(name)) kept.push(name)
      else delete headers[name]
    }
  }
  delete headers.connection
  if (upgrade !== undefined) {
    headers.upgrade = upgrade
    kept.push('Upgrade')
  }
  if (kept.length > 0) headers.connection = kept.join(',')
}
