/** One request on its way through the router: what rules look at, middlewares change and services are called with. */
import { STATUS_CODES } from 'node:http'
import type { Duplex } from 'node:stream'
import type { RequestHeaders } from './headers.ts'
import { routingPath } from './path.ts'
import type { RefusalReason } from './refusals.ts'
import type { GatewayRequest } from './request.ts'
import type { GatewayResponse } from './response.ts'

/** Does one thing with an exchange, then calls the next handler or answers. What it throws becomes a 500. */
export type Handler = (exchange: Exchange) => void | Promise<void>
/** Made once when the files are read; `next` is the rest of the chain. */
export type Middleware = (next: Handler) => Handler

export type Exchange = {
  /** The body is read from here. Its url and headers are what came in: use the fields below. */
  request: GatewayRequest
  response: GatewayResponse
  method: string
  /** Escaped and normalised, without the query. */
  path: string
  /** With its question mark; '' when there is none. */
  query: string
  /** The query as the client wrote it; a redirect repeats that. */
  sentQuery: string
  headers: RequestHeaders
  /** As in the Host header or the absolute-form target, with its port. */
  host: string
  client: { address: string; port: number }
  secure: boolean
  entryPoint: string
  requestId: string
  /** From the `traceparent` header or the router's own span. */
  traceId: string | undefined
  startedAtMs: number
  /** A WebSocket handshake: the bare connection and what was read past the head. */
  upgrade: { socket: Duplex; head: Buffer } | undefined
  /** For logs and metrics, filled in as they become known. */
  router: string | undefined
  service: string | undefined
  serverUrl: string | undefined
  userName: string | undefined
  /** Why the router itself gives the answer, where it does. */
  refusal: RefusalReason | undefined
  /** What the router's own `observability` says; its entry point's holds besides. */
  observability: { accessLogs: boolean; metrics: boolean; tracing: boolean } | undefined
  /** Answered by the router about itself (/ping, /metrics): neither logged nor counted, as Traefik without addInternals. */
  internal: boolean
  retries: number
  /** The client waits for `100 Continue` before it sends its body. */
  expectsContinue: boolean
  /** Called when it is through: until then the configuration that it began with is kept. */
  leave: (() => void) | undefined
  /** `forwardedHeaders.notAppendXForwardedFor` */
  appendForwardedFor: boolean
  /** Set by retry: told of a server that could not be reached; true means that it will try again. */
  failed: ((failure: UpstreamFailure) => boolean) | undefined
}

/** Why a server gave no answer, with the status that the client gets if nobody retries. */
export type UpstreamFailure = { status: number; requestSent: boolean; cause: unknown }

// Where Go's words for a status are not node's.
const goTexts: Record<number, string> = {
  413: 'Request Entity Too Large',
  414: 'Request URI Too Long',
  416: 'Requested Range Not Satisfiable',
  418: "I'm a teapot",
  509: '',
}

export function statusText(status: number): string {
  return goTexts[status] ?? STATUS_CODES[status] ?? ''
}

/** Most of Traefik's own answers: the status in words, without a type. */
export function answerPlain(exchange: Exchange, status: number, body = statusText(status)): void {
  const { response } = exchange
  if (response.begun) return void response.destroy()
  response.statusCode = status
  response.end(body)
}

/** Go's http.Error: a line of text that says its type. */
export function answerError(exchange: Exchange, status: number, text = statusText(status)): void {
  const { response } = exchange
  if (!response.headersSent) {
    response.setHeader('content-type', 'text/plain; charset=utf-8')
    response.setHeader('x-content-type-options', 'nosniff')
  }
  answerPlain(exchange, status, `${text}\n`)
}

/** Some refusals of Traefik have no body at all. */
export function answerEmpty(exchange: Exchange, status: number): void {
  answerPlain(exchange, status, '')
}

export function answerNoRoute(exchange: Exchange): void {
  exchange.refusal = 'no_route'
  answerError(exchange, 404, '404 page not found')
}

/** A path that a rewrite would turn into something that servers read in more than one way. */
export function refusePath(exchange: Exchange, status: number, text?: string): void {
  exchange.refusal = 'path'
  answerError(exchange, status, text)
}

/** Runs a handler on an exchange whose first answer was dropped; nobody waits for it any more. */
export function resume(handler: Handler, exchange: Exchange): void {
  const fail = () => {
    exchange.refusal = 'fault'
    try {
      answerPlain(exchange, 500)
    } catch {
      exchange.response.destroy()
    }
  }
  try {
    handler(exchange)?.catch(fail)
  } catch {
    fail()
  }
}

/** Path and query as they go to a service. */
export function requestUri(exchange: Exchange): string {
  return exchange.path + exchange.query
}

/** What Path, PathPrefix and PathRegexp compare with. */
export function pathForRules(exchange: Exchange): string {
  return routingPath(exchange.path)
}
