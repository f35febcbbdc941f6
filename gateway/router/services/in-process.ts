/** A server that is an app of this process: it gets node's own request and response, with what the router made of them. */
import { type Exchange, type Handler, requestUri } from '../request/exchange.ts'
import { canonicalName, joinLines } from '../request/headers.ts'
import type { Mount } from './mount.ts'
import { forwardedFor } from './upstream.ts'

export function callMount(mount: Mount, serverUrl: string, passHostHeader: boolean): Handler {
  const serverHost = new URL(serverUrl).host
  return exchange => {
    exchange.serverUrl = serverUrl
    prepare(exchange, passHostHeader ? exchange.host : serverHost)
    if (exchange.upgrade && mount.upgrade)
      return mount.upgrade(exchange.request, exchange.upgrade.socket, exchange.upgrade.head)
    if (exchange.expectsContinue) exchange.response.writeContinue()
    mount.routing(exchange.request, exchange.response)
  }
}

// Of the connection to the client (RFC 9110, 7.6.1). Transfer-Encoding stays: by it the app knows that a body comes.
const endsHere = new Set([
  'expect',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  // Given apart.
  'host',
])

/** Both of node's views of the headers, made in one pass: nothing that was stripped is left for a service to find. */
function prepare(exchange: Exchange, host: string): void {
  const { headers, request, upgrade } = exchange
  const raw: string[] = ['Host', host]
  const joined: Record<string, string> = Object.create(null)
  joined.host = host
  const forwarded = forwardedFor(exchange)
  for (const name in headers) {
    const value = headers[name]
    if (value === undefined || endsHere.has(name)) continue
    if ((name === 'upgrade' && !upgrade) || (name === 'x-forwarded-for' && forwarded)) continue
    const shown = canonicalName(name)
    if (typeof value === 'string') {
      raw.push(shown, value)
      joined[name] = value
    } else {
      for (const line of value) raw.push(shown, line)
      joined[name] = joinLines(name, value)
    }
  }
  if (forwarded) {
    raw.push('X-Forwarded-For', forwarded)
    joined['x-forwarded-for'] = forwarded
  }
  request.method = exchange.method
  request.url = requestUri(exchange)
  request.rawHeaders = raw
  request.headers = joined
}
