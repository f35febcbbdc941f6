/** A server that is an app of this process: it gets node's own request and response, with what the router made of them. */
import { type Exchange, type Handler, requestUri } from '../request/exchange.ts'
import { nodeHeaders, rawHeaders } from '../request/headers.ts'
import type { Mount } from './mount.ts'
import { outgoingHeaders } from './upstream.ts'

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
])

function prepare(exchange: Exchange, host: string): void {
  const { request } = exchange
  const headers = outgoingHeaders(exchange, host, endsHere)
  if (exchange.upgrade === undefined) delete headers.upgrade
  request.method = exchange.method
  request.url = requestUri(exchange)
  // Both views: nothing that was stripped is left for a service to find.
  request.rawHeaders = rawHeaders(headers)
  request.headers = nodeHeaders(headers)
}
