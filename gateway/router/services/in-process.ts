/** A server that is an app of this process: it gets node's own request and response, with what the router made of them. */
import type { IncomingMessage } from 'node:http'
import { type Exchange, type Handler, requestUri } from '../request/exchange.ts'
import { nodeHeaders, rawHeaders } from '../request/headers.ts'
import type { Mount } from './mount.ts'

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
const endsHere = [
  'expect',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
]

function prepare(exchange: Exchange, host: string): void {
  const { request, headers } = exchange
  if (exchange.upgrade === undefined) delete headers.upgrade
  for (const name of endsHere) delete headers[name]
  if (exchange.appendForwardedFor) appendForwardedFor(exchange)
  headers.host = host
  request.method = exchange.method
  request.url = requestUri(exchange)
  setHeaders(request, exchange)
}

function setHeaders(request: IncomingMessage, { headers }: Exchange): void {
  // Both views: nothing that was stripped is left for a service to find.
  request.rawHeaders = rawHeaders(headers)
  request.headers = nodeHeaders(headers)
}

/** The last step of every proxy: who it heard this from. */
export function appendForwardedFor({ headers, client }: Exchange): void {
  const before = headers['x-forwarded-for']
  const said = before === undefined ? '' : typeof before === 'string' ? before : before.join(', ')
  headers['x-forwarded-for'] = said === '' ? client.address : `${said}, ${client.address}`
}
