/**
 * A server at another address, over HTTP: bodies stream both ways, the slower side sets the pace, and a client that
 * goes away ends the request upstream.
 */
import { type Exchange, type Handler, requestUri } from '../request/exchange.ts'
import { announcedLength } from '../request/replay.ts'
import type { GatewayResponse } from '../request/response.ts'
import type { AnswerFields } from '../upstream/answer-lines.ts'
import type { Receiver } from '../upstream/answer-reader.ts'
import type { Asked, Connection } from '../upstream/connection.ts'
import type { Pool } from '../upstream/pool.ts'
import { passEarly } from './early-answers.ts'
import { proxyUpgrade } from './proxy-upgrade.ts'
import { answerFailure, failureOf, outgoingHeaders, type Transport } from './upstream.ts'

export type ProxyOptions = {
  transport: Transport
  serverUrl: string
  passHostHeader: boolean
  preservePath: boolean
  /** Told of every answer and failure, for passive health checks. */
  onOutcome?: (outcome: { status: number }) => void
}

export function proxyTo(options: ProxyOptions): Handler {
  const { origin, host, pathname } = new URL(options.serverUrl)
  const { transport, onOutcome } = options
  const prefix = options.preservePath ? pathname.replace(/\/$/, '') : ''
  const context: Context = { pool: transport.poolFor(origin), onOutcome }
  const upgrades = { transport: transport.upgrades, onOutcome }
  return exchange => {
    exchange.serverUrl = options.serverUrl
    // HTTP/1.0 need not name a host.
    const headers = outgoingHeaders(exchange, (options.passHostHeader && exchange.host) || host)
    const target = prefix + requestUri(exchange)
    if (exchange.upgrade) return proxyUpgrade(exchange, { origin, path: target, headers }, upgrades)
    const { method, request, response } = exchange
    const length = announcedLength(exchange)
    if (response.destroyed) return
    if (exchange.expectsContinue) response.writeContinue()
    const asked = { method, target, headers, body: length === 0 ? undefined : request, length }
    new Call(exchange, context, asked).start()
  }
}

type Context = { pool: Pool; onOutcome: ProxyOptions['onOutcome'] }

/** A server that goes leaves as many of them behind as were kept; one request may meet several before all are known. */
const mostStale = 5
/** Of an answer that is dropped: read on, so that the connection can be used again. */
const maxDroppedBytes = 65_536

/** One request on its way and its answer coming back. One object: five closures for each request cost more. */
class Call implements Receiver {
  #exchange: Exchange
  #response: GatewayResponse
  #context: Context
  #asked: Asked
  #again = mostStale
  /** Until the answer has come or will not come. */
  #connection: Connection | undefined
  #dropped = -1
  #paused = false

  constructor(exchange: Exchange, context: Context, asked: Asked) {
    this.#exchange = exchange
    this.#response = exchange.response
    this.#context = context
    this.#asked = asked
  }

  start(): void {
    this.#response.on('close', this.#gone)
    this.#connection = this.#context.pool.send(this.#asked, this)
  }

  onEarly(status: number, fields: AnswerFields): void {
    passEarly(this.#response, status, fields)
  }

  onHead(status: number, fields: AnswerFields): void {
    this.#context.onOutcome?.({ status })
    this.#response.writeHead(status, fields)
    if (this.#response.held) this.#giveWay()
  }

  onWait(): void {
    if (this.#dropped < 0) this.#response.flushHeaders()
  }

  onBody(bytes: Buffer, release: (() => void) | undefined): void {
    if (this.#dropped >= 0) return void this.#drop(bytes, release)
    const written = release && ((error?: Error | null) => error || release())
    if (!this.#response.write(bytes, written) && !this.#paused) this.#pause()
    if (this.#response.held) this.#giveWay()
  }

  onEnd(last: Buffer | undefined, trailers: AnswerFields | undefined): void {
    this.#finish()
    if (this.#dropped >= 0) return
    if (trailers) this.#response.addTrailers(trailers as Record<string, string>)
    this.#response.end(last)
  }

  onError(error: unknown): void {
    this.#finish()
    if (this.#dropped >= 0) return
    const { begun, destroyed } = this.#response
    if (this.#again === 0 || begun || destroyed || !isStale(error, this.#asked)) return void this.#fail(error)
    this.#again--
    try {
      this.start()
    } catch (cause) {
      this.#finish()
      this.#fail(cause)
    }
  }

  #gone = (): void => {
    const connection = this.#connection
    this.#finish()
    connection?.destroy()
  }

  #finish(): void {
    this.#connection = undefined
    this.#response.off('close', this.#gone)
  }

  #pause(): void {
    this.#paused = true
    this.#connection?.pause()
    this.#response.once('drain', () => this.#resume())
  }

  #resume(): void {
    this.#paused = false
    this.#connection?.resume()
  }

  /** A middleware answers instead. */
  #giveWay(): void {
    this.#dropped = 0
    if (this.#paused) this.#resume()
    this.#response.end()
  }

  #drop(bytes: Buffer, release: (() => void) | undefined): void {
    this.#dropped += bytes.length
    release?.()
    if (this.#dropped > maxDroppedBytes) this.#gone()
  }

  #fail(error: unknown): void {
    const exchange = this.#exchange
    const response = this.#response
    if (response.destroyed) return
    // Half an answer cannot be taken back: the client must see that it is not whole.
    if (response.begun) return void response.destroy()
    const failure = failureOf(error)
    this.#context.onOutcome?.({ status: failure.status })
    try {
      if (!exchange.failed?.(failure)) answerFailure(exchange, failure)
    } catch {
      // No caller is left to tell: what a hook throws here would end the process.
      response.destroy()
    }
  }
}

const repeatable = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE'])

/**
 * A kept connection that the server closed just when it was used again: every restart has some. Nothing was answered, and
 * the request changes nothing, so it is sent once more (RFC 9110, 9.2.2), as Go's transport does.
 */
function isStale(error: unknown, { method, body }: Asked): boolean {
  return (
    (error as { code?: string }).code === 'UPSTREAM_STALE' && repeatable.has(method) && body === undefined
  )
}
