/** One connection to a server: one request at a time, never two. */
import type { Socket } from 'node:net'
import type { Readable } from 'node:stream'
import { AnswerReader, type Receiver } from './answer-reader.ts'
import { type Destination, dial } from './dial.ts'
import { firstBuffer, leaveBuffer, type ReadBuffer, takeBuffer } from './read-buffer.ts'
import { writeBody } from './request-body.ts'
import { requestHead } from './request-head.ts'
import { UpstreamError } from './upstream-error.ts'

export type Asked = {
  method: string
  /** As it goes over the wire: path and query. */
  target: string
  /** Name, value, …; the framing of the body is not among them. */
  headers: readonly string[]
  body: Readable | undefined
  /** Of the body; undefined: in chunks. */
  length: number | undefined
}

/** Whose connection it is. */
export type Keeper = {
  /** Of TLS, of the last connection that was made: the next one need not begin from nothing. */
  session: Buffer | undefined
  /** Another request may follow. `keepSeconds`: how long the server says it will wait for that; NaN: it does not. */
  onFree(connection: Connection, keepSeconds: number): void
  /** Once. */
  onClosed(connection: Connection): void
}

export class Connection {
  /** When it is not to be used any more; set and read by its keeper. */
  expiresAtMs = 0
  #to: Destination
  #keeper: Keeper
  #socket: Socket
  #open = false
  #reader = new AnswerReader()
  #receiver: Receiver | undefined
  #asked: Asked | undefined
  #stopBody: (() => void) | undefined
  #timer: NodeJS.Timeout | undefined
  #base: ReadBuffer
  #buffer: ReadBuffer
  /** Says that the system is to read into another buffer from here on. */
  #changed = true
  #paused = false
  /** Whether an answer has come on it before: only then can its end be that of a connection that was kept too long. */
  #used = false

  constructor(to: Destination, keeper: Keeper) {
    this.#to = to
    this.#keeper = keeper
    this.#base = firstBuffer(to.tls !== undefined)
    this.#buffer = this.#base
    this.#socket = dial(to, keeper.session, {
      buffer: () => this.#nextBuffer() as Uint8Array,
      callback: size => this.#read(size),
    })
    this.#limit(to.dialTimeoutMs, 'UPSTREAM_DIAL_TIMEOUT')
    const socket = this.#socket
    socket.once(to.tls ? 'secureConnect' : 'connect', () => this.#opened())
    socket.on('session', (session: Buffer) => {
      keeper.session = session
    })
    socket.on('error', error => this.#ended(error))
    socket.on('end', () => this.#ended(undefined))
    socket.once('close', () => {
      this.#ended(undefined)
      keeper.onClosed(this)
    })
  }

  get usable(): boolean {
    return this.#socket.writable && !this.#socket.destroyed
  }

  /** Only while nothing else is asked on it. */
  send(asked: Asked, receiver: Receiver): void {
    this.#receiver = receiver
    this.#asked = asked
    this.#reader.begin(asked.method, receiver)
    if (this.#open) this.#write()
  }

  /** What comes waits until `resume`. */
  pause(): void {
    this.#paused = true
    this.#socket.pause()
  }

  resume(): void {
    this.#paused = false
    this.#socket.resume()
  }

  /** Nothing more is told of it. */
  destroy(): void {
    this.#forget()
    this.#socket.destroy()
  }

  #opened(): void {
    this.#open = true
    this.#noLimit()
    if (this.#asked) this.#write()
  }

  #write(): void {
    const { method, target, headers, body, length } = this.#asked as Asked
    try {
      const framing = framingOf(method, body, length) + (this.#to.single ? 'Connection: close\r\n' : '')
      this.#socket.write(requestHead(method, target, headers, framing), 'latin1')
    } catch (error) {
      return void this.#fail(error)
    }
    if (!body) return void this.#written()
    this.#stopBody = writeBody(body, length, this.#socket, {
      onWritten: () => {
        this.#stopBody = undefined
        this.#written()
      },
      onFault: error => this.#fail(error),
    })
  }

  #written(): void {
    if (!this.#reader.answered) this.#limit(this.#to.answerTimeoutMs, 'UPSTREAM_ANSWER_TIMEOUT')
  }

  #limit(ms: number, code: 'UPSTREAM_DIAL_TIMEOUT' | 'UPSTREAM_ANSWER_TIMEOUT'): void {
    if (ms > 0) this.#timer = setTimeout(() => this.#fail(new UpstreamError(code, `not within ${ms} ms`)), ms)
  }

  #noLimit(): void {
    if (this.#timer === undefined) return
    clearTimeout(this.#timer)
    this.#timer = undefined
  }

  /** Asked by node when it begins to read and after each read; undefined: the same as before. */
  #nextBuffer(): Buffer | undefined {
    // Before it is open, node asks once for each address that it tries.
    if (!this.#changed && this.#open) return undefined
    this.#changed = false
    return this.#buffer.bytes
  }

  #read(size: number): boolean {
    if (this.#receiver === undefined) this.#socket.destroy()
    else
      try {
        const end = this.#reader.read(this.#buffer, size)
        if (this.#reader.answered) this.#noLimit()
        this.#turnBuffer(end !== -1, size)
        if (end !== -1) this.#over(end === size)
      } catch (error) {
        this.#fail(error)
      }
    return true
  }

  #turnBuffer(over: boolean, size: number): void {
    const { bytes, users } = this.#buffer
    if (over) return void this.#readInto(this.#base)
    // What is lent is not read into again; a buffer that was filled is followed by those that may be lent.
    const lent = users !== undefined && users > 1
    const filled = users === undefined && size === bytes.length && !this.#to.tls
    if (lent || filled) this.#readInto(takeBuffer())
  }

  #readInto(next: ReadBuffer): void {
    if (next === this.#buffer) return
    leaveBuffer(this.#buffer)
    this.#buffer = next
    this.#changed = true
  }

  #over(clean: boolean): void {
    const receiver = this.#receiver
    if (!receiver) return
    const { last, trailers, reusable, keepSeconds } = this.#reader
    const keep = clean && reusable && this.#stopBody === undefined && !this.#to.single
    this.#forget()
    if (this.#paused) this.resume()
    this.#used = true
    if (keep) this.#keeper.onFree(this, keepSeconds)
    else this.#socket.destroy()
    try {
      receiver.onEnd(last, trailers)
    } catch (error) {
      receiver.onError(error)
    }
  }

  #ended(error: NodeJS.ErrnoException | undefined): void {
    if (this.#receiver === undefined) return void this.#socket.destroy()
    if (!error && this.#reader.close()) return void this.#over(false)
    const broke = !error || error.code === 'ECONNRESET' || error.code === 'EPIPE'
    if (!broke) return void this.#fail(error)
    const code = this.#used && this.#reader.untouched ? 'UPSTREAM_STALE' : 'UPSTREAM_BROKEN'
    this.#fail(new UpstreamError(code, 'the server closed the connection', { cause: error }))
  }

  #fail(error: unknown): void {
    const receiver = this.#receiver
    this.#forget()
    this.#socket.destroy()
    receiver?.onError(error)
  }

  #forget(): void {
    this.#receiver = undefined
    this.#asked = undefined
    this.#reader.stop()
    this.#noLimit()
    const stop = this.#stopBody
    this.#stopBody = undefined
    stop?.()
  }
}

const withBody = new Set(['POST', 'PUT', 'PATCH'])

function framingOf(method: string, body: unknown, length: number | undefined): string {
  if (!body) return withBody.has(method) ? 'Content-Length: 0\r\n' : ''
  if (length === undefined) return 'Transfer-Encoding: chunked\r\n'
  if (!Number.isSafeInteger(length) || length < 0)
    throw new UpstreamError('UPSTREAM_REQUEST', 'the length of the body is no number')
  return `Content-Length: ${length}\r\n`
}
