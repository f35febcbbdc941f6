/**
 * A server at another address, over HTTP: bodies stream both ways, the slower side sets the pace, and a client that
 * goes away ends the request upstream. https://undici.nodejs.org/#/docs/api/Dispatcher
 */
import type { OutgoingHttpHeaders } from 'node:http'
import type { Dispatcher } from 'undici'
import { type Exchange, type Handler, requestUri } from '../request/exchange.ts'
import { announcedLength } from '../request/replay.ts'
import { proxyUpgrade } from './proxy-upgrade.ts'
import {
  answerFailure,
  failureOf,
  hopByHop,
  outgoingHeaders,
  type Transport,
  type Upstream,
} from './upstream.ts'

export type ProxyOptions = {
  transport: Transport
  serverUrl: string
  passHostHeader: boolean
  preservePath: boolean
  /** Told of every answer and failure, for passive health checks. */
  onOutcome?: (outcome: { status: number; ms: number }) => void
}

export function proxyTo(options: ProxyOptions): Handler {
  const { origin, host, pathname } = new URL(options.serverUrl)
  const prefix = options.preservePath ? pathname.replace(/\/$/, '') : ''
  return exchange => {
    exchange.serverUrl = options.serverUrl
    // HTTP/1.0 need not name a host.
    const headers = outgoingHeaders(exchange, (options.passHostHeader && exchange.host) || host)
    const path = prefix + requestUri(exchange)
    if (exchange.upgrade) return proxyUpgrade(exchange, { origin, path, headers }, options.transport.upgrades)
    return dispatch(exchange, options, { origin, path, headers })
  }
}

function dispatch(exchange: Exchange, options: ProxyOptions, upstream: Upstream, again = mostStale): void {
  const { origin, path, headers } = upstream
  const { request, response } = exchange
  const length = announcedLength(exchange)
  const startedAt = performance.now()
  let controller: Dispatcher.DispatchController | undefined
  let done = false
  let bodyBegun = false
  const finish = () => {
    done = true
    response.off('close', clientGone)
  }
  // A middleware answers instead: what comes is not read.
  const giveWay = () => {
    finish()
    controller?.abort(new Error('another answer is given'))
    response.end()
  }
  const clientGone = () => {
    if (!done) controller?.abort(new Error('the client went away'))
  }
  response.on('close', clientGone)
  if (exchange.expectsContinue) response.writeContinue()
  options.transport.dispatcher.dispatch(
    {
      origin,
      path,
      method: exchange.method as Dispatcher.HttpMethod,
      headers,
      body: length === 0 ? null : request,
    },
    {
      onRequestStart: made => {
        controller = made
        if (response.destroyed) made.abort(new Error('the client went away'))
      },
      onResponseStart: (_made, status, answered) => {
        if (status < 200) return
        options.onOutcome?.({ status, ms: performance.now() - startedAt })
        response.writeHead(status, endToEndAnswer(answered))
        if (response.held) return giveWay()
        // With the beginning of the body where that has come as well: one packet, and one call of the system.
        process.nextTick(() => {
          if (!bodyBegun && !done) response.flushHeaders()
        })
      },
      onResponseData: (made, chunk) => {
        bodyBegun = true
        if (!response.write(chunk, freedOnceWritten(chunk))) {
          made.pause()
          response.once('drain', () => {
            if (!done) made.resume()
          })
        }
        if (response.held) giveWay()
      },
      onResponseEnd: (_made, trailers) => {
        if (trailers && Object.keys(trailers).length > 0)
          response.addTrailers(trailers as Record<string, string>)
        response.end()
        finish()
      },
      onResponseError: (_made, error) => {
        if (done) return
        if (again > 0 && !response.begun && !response.destroyed && isStale(error, exchange)) {
          finish()
          return dispatch(exchange, options, upstream, again - 1)
        }
        finish()
        fail(exchange, options, error, startedAt)
      },
    },
  )
}

/**
 * A long body leaves a buffer of 64 KiB behind with every read, and the collector runs whenever they come to 64 MiB: a
 * fifth of the time and most of the memory. A buffer that was filled by one read, and that the piece is all of, is given
 * back as soon as the piece is written; nobody else has it, since what keeps pieces (transforms, held answers) copies them.
 */
function freedOnceWritten(chunk: Buffer): ((error?: Error | null) => void) | undefined {
  const { buffer } = chunk
  if (chunk.length < 16_384 || chunk.length !== buffer.byteLength || !(buffer instanceof ArrayBuffer))
    return undefined
  return error => {
    if (!error) buffer.transfer(0)
  }
}

/** A server that goes leaves as many of them behind as were kept; one request may meet several before all are known. */
const mostStale = 5

const repeatable = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE'])

/**
 * A kept connection that the server closed just when it was used again: every restart has some. Nothing was answered, and
 * the request changes nothing, so it is sent once more (RFC 9110, 9.2.2), as Go's transport does.
 */
function isStale(error: unknown, exchange: Exchange): boolean {
  const { code } = error as { code?: string }
  return (
    (code === 'ECONNRESET' || code === 'EPIPE' || code === 'UND_ERR_SOCKET') &&
    repeatable.has(exchange.method) &&
    announcedLength(exchange) === 0
  )
}

type Answered = Record<string, string | string[] | undefined>

function endToEndAnswer(answered: Answered): OutgoingHttpHeaders {
  const headers: OutgoingHttpHeaders = {}
  for (const name in answered) if (!hopByHop.has(name)) headers[name] = answered[name]
  return headers
}

function fail(exchange: Exchange, options: ProxyOptions, error: unknown, startedAt: number): void {
  const { response } = exchange
  if (response.destroyed) return
  // Half an answer cannot be taken back: the client must see that it is not whole.
  if (response.begun) return void response.destroy()
  const failure = failureOf(error)
  options.onOutcome?.({ status: failure.status, ms: performance.now() - startedAt })
  if (!exchange.failed?.(failure)) answerFailure(exchange, failure)
}
