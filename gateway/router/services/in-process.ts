/** A server that is an app of this process: it gets node's own request and response, with what the router made of them. */
import { type Exchange, type Handler, requestUri } from '../request/exchange.ts'
import { emptyHeaders, joinLines, type RequestHeaders } from '../request/headers.ts'
import type { Mount } from './mount.ts'
import { forwardedFor } from './upstream.ts'

export function callMount(mount: Mount, serverUrl: string, passHostHeader: boolean): Handler {
  const serverHost = new URL(serverUrl).host
  return exchange => {
    exchange.serverUrl = serverUrl
    prepare(exchange, passHostHeader ? exchange.host : serverHost)
    if (exchange.upgrade && mount.upgrade) {
      // The app writes its answer to the socket itself.
      exchange.response.statusCode = 101
      return mount.upgrade(exchange.request, exchange.upgrade.socket, exchange.upgrade.head)
    }
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

/** Both of node's views of the headers: nothing that was stripped is left for a service to find. */
function prepare(exchange: Exchange, host: string): void {
  const { headers, request, upgrade } = exchange
  const joined: Record<string, string> = Object.create(null)
  joined.host = host
  const forwarded = forwardedFor(exchange)
  let lists: RequestHeaders | undefined
  for (const name in headers) {
    const value = headers[name]
    if (value === undefined || endsHere.has(name)) continue
    if ((name === 'upgrade' && !upgrade) || (name === 'x-forwarded-for' && forwarded)) continue
    if (typeof value === 'string') joined[name] = value
    else {
      joined[name] = joinLines(name, value)
      lists ??= emptyHeaders()
      lists[name] = value
    }
  }
  if (forwarded) joined['x-forwarded-for'] = forwarded
  request.method = exchange.method
  request.url = requestUri(exchange)
  // In the raw list what came several times stands several times.
  request.show(joined, lists ? Object.assign(emptyHeaders(), joined, lists) : joined)
}
