/** One entry point: the listening socket, its bounds, and a request's way from the parser to the route table. */
import { createServer, type Server } from 'node:http'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import type { EntryPointConfiguration } from './configuration/static.ts'
import { createListener, type Listener } from './listener.ts'
import type { Log } from './middlewares/kind.ts'
import type { AccessLog } from './observe/access-log.ts'
import type { RouterMetrics } from './observe/metrics.ts'
import { tlsNames } from './observe/tls-names.ts'
import { traceExchange, traceUnread } from './observe/trace.ts'
import { answerError, answerPlain, type Exchange, type Handler } from './request/exchange.ts'
import { firstValue } from './request/headers.ts'
import { type Arrival, exchangeOpener } from './request/open-exchange.ts'
import { receivedBytes } from './request/replay.ts'
import { GatewayRequest } from './request/request.ts'
import { GatewayResponse } from './request/response.ts'
import type { Terminate } from './tls/termination.ts'
import { isAnswering, part, refuseUnread } from './unread.ts'

export type EntryPointContext = {
  name: string
  options: EntryPointConfiguration
  /** Whether the static file has `tracing`. */
  traced: boolean
  /** Asked for each request, and for each connection: a reload changes what the next one gets. */
  handler(): Handler
  terminate(): Terminate | undefined
  accessLog: AccessLog
  metrics: RouterMetrics
  log: Log
}

type GatewayServer = Server<typeof GatewayRequest, typeof GatewayResponse>

export function createEntryPoint(context: EntryPointContext): Listener {
  const serve = requestHandler(context)
  const { name, options, metrics, terminate } = context
  const server = createGatewayServer(options, (request, response) => serve({ request, response }))
  server.on('checkContinue', (request, response) => serve({ request, response, expectsContinue: true }))
  server.on('upgrade', (request, socket, head) => serveUpgrade(serve, request, socket, head))
  refuseUnread(server, ({ status, reason }) => {
    if (options.observability.metrics) metrics.refused(name, reason)
    if (options.observability.tracing) traceUnread(name, status, reason)
  })
  return createListener({
    http: server,
    lifeCycle: options.transport.lifeCycle,
    terminate,
    openConnections: open => metrics.openConnections(name, open),
  })
}

function createGatewayServer(
  { http, transport }: EntryPointConfiguration,
  onRequest: (request: GatewayRequest, response: GatewayResponse) => void,
): GatewayServer {
  const { readTimeout, idleTimeout } = transport.respondingTimeouts
  const server = createServer<typeof GatewayRequest, typeof GatewayResponse>(
    {
      IncomingMessage: GatewayRequest,
      ServerResponse: GatewayResponse,
      requestTimeout: readTimeout,
      // A head that trickles in holds a socket for no reason.
      headersTimeout: readTimeout === 0 ? 15_000 : Math.min(15_000, readTimeout),
      keepAliveTimeout: idleTimeout,
      connectionsCheckingInterval: 1000,
      maxHeaderSize: http.maxHeaderBytes,
      insecureHTTPParser: false,
      requireHostHeader: true,
      noDelay: true,
      // Most requests have no body, and to read nothing costs two microseconds (GatewayRequest.on).
      optimizeEmptyRequests: true,
      // Anything but WebSocket (h2c, say) is an ordinary request here, and its Upgrade header ends here. So is a handshake
      // behind another request: the answer to that still holds the connection.
      shouldUpgradeCallback: ({ headers, socket }) =>
        headers.upgrade?.toLowerCase() === 'websocket' && !isAnswering(socket),
    },
    onRequest,
  )
  server.maxRequestsPerSocket = transport.keepAliveMaxRequests
  // Headers past this number would be dropped in silence, and with them what must be stripped; the bytes are bounded.
  server.maxHeadersCount = 0
  return server
}

function requestHandler({
  name,
  options,
  traced,
  handler,
  accessLog,
  metrics,
  log,
}: EntryPointContext): (arrival: Arrival) => void {
  const open = exchangeOpener(name, options)
  const { observability, transport } = options
  const bound = connectionBounds(transport)
  const refused = new WeakSet<object>()
  return arrival => {
    // What follows an ambiguous request on its connection may be the other reading of it: never served.
    if (refused.has(arrival.request.socket)) return
    const { exchange, refusal } = open(arrival)
    const { response } = exchange
    const { path, method } = exchange
    response.onHead(head => {
      head.headers['x-request-id'] ??= exchange.requestId
      // 304 has no content to have a type (Go's server drops it as well).
      if (head.status === 304) delete head.headers['content-type']
      if (leavesBodyUnread(arrival.request, response)) response.shouldKeepAlive = false
    })
    bound?.(exchange)
    response.on('close', () => {
      exchange.leave?.()
      if (exchange.internal) return
      const ms = performance.now() - exchange.startedAtMs
      // As Traefik says it: the client went away before there was an answer. Whoever looks at the status comes after.
      if (response.statusCode === 200 && !response.headersSent) response.statusCode = 499
      const own = exchange.observability
      if (observability.accessLogs && own?.accessLogs !== false) accessLog(exchange, path, ms)
      if (observability.metrics && own?.metrics !== false) {
        metrics.count(outcomeOf(exchange, method, ms))
        if (exchange.refusal !== undefined && response.statusCode >= 400)
          metrics.refused(name, exchange.refusal)
      }
    })
    if (observability.tracing) traceExchange(exchange, path, traced)
    if (refusal !== undefined) {
      refused.add(arrival.request.socket)
      return refuse(exchange, refusal)
    }
    try {
      const running = handler()(exchange)
      if (running) running.catch(error => failed(exchange, error, log))
    } catch (error) {
      failed(exchange, error, log)
    }
  }
}

/** `writeTimeout`, from the request's head to the answer's end; `keepAliveMaxTime`, since the first request. */
function connectionBounds({
  respondingTimeouts: { writeTimeout },
  keepAliveMaxTime,
}: EntryPointConfiguration['transport']): ((exchange: Exchange) => void) | undefined {
  if (writeTimeout === 0 && keepAliveMaxTime === 0) return undefined
  const usedSince = new WeakMap<object, number>()
  return ({ request: { socket }, response, startedAtMs, upgrade }) => {
    if (writeTimeout > 0 && !upgrade) {
      const timer = setTimeout(() => response.destroy(), writeTimeout)
      response.once('close', () => clearTimeout(timer))
    }
    const since = usedSince.get(socket) ?? startedAtMs
    usedSince.set(socket, since)
    if (keepAliveMaxTime > 0 && startedAtMs - since >= keepAliveMaxTime) response.shouldKeepAlive = false
  }
}

// What Go's server reads on after an answer, so that the connection can serve another request.
const readOnBytes = 262_144

/**
 * Answered while much of the body is still to come: the connection ends with the answer, instead of swallowing it. What
 * nobody has begun to read is read on by node when the answer is out; of a chunked body that is bounded here.
 */
function leavesBodyUnread(request: GatewayRequest, response: GatewayResponse): boolean {
  const { complete, headers, readableDidRead, socket } = request
  if (complete) return false
  if (headers['transfer-encoding'] === undefined) return Number(headers['content-length'] ?? 0) > readOnBytes
  if (readableDidRead) return true
  response.once('finish', () => {
    let left = readOnBytes
    request.on('data', chunk => {
      left -= chunk.length
      if (left < 0) socket.destroy()
    })
  })
  return false
}

function refuse(exchange: Exchange, status: number): void {
  exchange.response.shouldKeepAlive = false
  answerError(exchange, status)
}

function failed(exchange: Exchange, error: unknown, log: Log): void {
  if (exchange.response.destroyed) return
  log.error(
    { err: error, request_id: exchange.requestId, router: exchange.router },
    'the router failed on a request',
  )
  exchange.refusal = 'fault'
  try {
    answerPlain(exchange, 500)
  } catch {
    // What failed may be the writing of answers: nobody else's requests end with this one.
    exchange.response.destroy()
  }
}

function outcomeOf(exchange: Exchange, method: string, ms: number) {
  const { response, entryPoint, router, service } = exchange
  return {
    entryPoint,
    router,
    service,
    method,
    protocol: protocolOf(exchange),
    status: response.statusCode,
    seconds: ms / 1000,
    requestBytes: receivedBytes(exchange),
    responseBytes: response.bodyBytes,
    tls: exchange.secure ? tlsNames(exchange.request.socket) : undefined,
  }
}

/** As in Traefik, by what is asked for. */
function protocolOf({ upgrade, headers }: Exchange): 'http' | 'websocket' | 'sse' {
  if (upgrade) return 'websocket'
  return wantsEvents.test(firstValue(headers, 'accept')) ? 'sse' : 'http'
}

const wantsEvents = /(?:^|,)\s*text\/event-stream\s*(?:,|$)/i

function serveUpgrade(
  serve: (arrival: Arrival) => void,
  request: GatewayRequest,
  socket: Duplex,
  head: Buffer,
): void {
  const response = new GatewayResponse(request)
  response.shouldKeepAlive = false
  response.assignSocket(socket as Socket)
  response.once('finish', () => part(socket))
  socket.on('error', () => socket.destroy())
  serve({ request, response, upgrade: { socket, head } })
}
