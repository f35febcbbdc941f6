/**
 * The response that middlewares and services write to. It is node's own ServerResponse, so that a Fastify app can
 * answer on it directly, with three additions: hooks that see the head before it leaves, a held-back response (errors,
 * retry), and a transform of the body (compress).
 */
import { type OutgoingHttpHeader, type OutgoingHttpHeaders, ServerResponse } from 'node:http'
import type { Transform } from 'node:stream'
import type { GatewayRequest } from './request.ts'
import { bytesOf, callback, called, sizeOf, type Written } from './written.ts'

export type Head = {
  status: number
  /** Lower-case names. */
  headers: Record<string, OutgoingHttpHeader>
}

/** Runs once, before the head leaves: innermost middleware first, as the response passes outwards. */
export type HeadHook = (head: Head) => void

/** zlib's streams. */
export type Flushable = Transform & { flush(): void }

type Collecting = {
  bytes: number
  next(body: Buffer, whole: boolean): void
  head: Head | undefined
  chunks: Buffer[]
  size: number
}

export class GatewayResponse extends ServerResponse<GatewayRequest> {
  #hooks: HeadHook[] = []
  #ofHandshakes: HeadHook[] | undefined
  #running = -1
  #resume: (() => void) | undefined
  #collecting: Collecting | undefined
  #transform: Flushable | undefined
  #prompt = false
  #sentHeaders: Head['headers'] | undefined
  #bodyBytes = 0
  /** Said where a header is more than ASCII: with a body of text node would encode the head a second time. */
  bytesOnly = false

  /** Bytes of the body handed over so far, after compression. */
  get bodyBytes(): number {
    return this.#bodyBytes
  }

  /** Whether a middleware has dropped the answer that is being written: what writes it may stop early. */
  get held(): boolean {
    return this.#resume !== undefined
  }

  /** Whether something of the answer is there, sent or waiting: another one cannot take its place. */
  get begun(): boolean {
    return this.headersSent || this.#collecting !== undefined
  }

  /** Of the head that has left: node forgets headers that were given to writeHead. */
  sentHeader(name: string): OutgoingHttpHeader | undefined {
    return this.#sentHeaders?.[name] ?? this.getHeader(name)
  }

  get sentHeaderNames(): string[] {
    return this.#sentHeaders ? Object.keys(this.#sentHeaders) : this.getHeaderNames()
  }

  get hookCount(): number {
    return this.#hooks.length
  }

  /** Leaves the first `count` hooks: those of an attempt that failed before it answered are not run. */
  dropHooks(count: number): void {
    this.#hooks.length = Math.min(this.#hooks.length, count)
  }

  /** `ofHandshakes`: also before a 101, which other hooks leave as it is, as in Traefik. */
  onHead(hook: HeadHook, ofHandshakes = false): void {
    this.#hooks.push(hook)
    if (ofHandshakes) this.#ofHandshakes = [...(this.#ofHandshakes ?? []), hook]
  }

  /** What hooks add to a 101, which leaves by another way. */
  handshakeHeaders(): Head['headers'] {
    const head: Head = { status: 101, headers: Object.create(null) }
    for (const hook of this.#hooks.toReversed()) if (this.#ofHandshakes?.includes(hook)) hook(head)
    return head.headers
  }

  /**
   * Only from a hook: this answer is dropped, body and all. When its writer is done, `resume` runs on a fresh
   * response, on which only the hooks outside the calling one are left.
   */
  hold(resume: () => void): void {
    this.#hooks.length = Math.max(0, this.#running)
    this.#resume = resume
    // The other answer is not to be compressed because this one was.
    this.#transform?.destroy()
    this.#transform = undefined
    this.#prompt = false
  }

  /**
   * Only from a hook: the answer waits until `bytes` of its body are there, or all of it. `next` gets them, and may
   * still change the head or hold the answer back.
   */
  collect(bytes: number, next: Collecting['next']): void {
    this.#collecting = { bytes, next, head: undefined, chunks: [], size: 0 }
  }

  /** Only from a hook: the body goes through `stream`, which is flushed after every piece if `prompt`. */
  transform(stream: Flushable, prompt: boolean): void {
    this.#transform = stream
    this.#prompt = prompt
    stream.on('data', (chunk: Buffer) => {
      this.#bodyBytes += chunk.length
      if (!super.write(chunk)) stream.pause()
    })
    stream.on('end', () => super.end())
    stream.on('drain', () => this.emit('drain'))
    stream.on('error', error => this.destroy(error))
    this.on('drain', () => stream.resume())
    this.on('close', () => stream.destroy())
  }

  override writeHead(
    status: number,
    reason?: string | OutgoingHttpHeaders | OutgoingHttpHeader[],
    given?: OutgoingHttpHeaders | OutgoingHttpHeader[],
  ): this {
    if (this.#resume || this.#collecting) return this
    const fields = typeof reason === 'string' ? given : (reason ?? given)
    if (this.headersSent || this.#hooks.length === 0) return this.#send(status, fields)
    const head = { status, headers: this.#takeHeaders(fields) }
    this.#running = this.#hooks.length - 1
    return this.#runHooks(head)
  }

  #runHooks(head: Head): this {
    for (; this.#running >= 0; this.#running--) {
      this.#hooks[this.#running]?.(head)
      if (this.#resume) return this
      if (!this.#collecting) continue
      this.#collecting.head = head
      return this
    }
    this.#sentHeaders = head.headers
    return this.#send(head.status, head.headers)
  }

  /** `ended`: nothing follows. The answer goes on its way once enough is there. */
  #gather(collecting: Collecting, chunk: Buffer, ended: boolean): void {
    collecting.chunks.push(chunk)
    collecting.size += chunk.length
    if (!ended && collecting.size < collecting.bytes) return
    const body = Buffer.concat(collecting.chunks)
    collecting.next(body, ended)
    this.#collecting = undefined
    if (this.#resume || !collecting.head) return
    this.#running--
    this.#runHooks(collecting.head)
    const outer = this.#collecting as Collecting | undefined
    if (outer) this.#gather(outer, body, ended)
    else if (body.length > 0) this.write(body)
  }

  #send(status: number, fields: OutgoingHttpHeaders | OutgoingHttpHeader[] | undefined): this {
    this.#hooks.length = 0
    // The reason phrase is node's own: what a service writes there is nobody's business.
    return fields ? super.writeHead(status, fields as OutgoingHttpHeaders) : super.writeHead(status)
  }

  /** What was set and what is given, as one map; nothing stays behind on the response. */
  #takeHeaders(given: OutgoingHttpHeaders | OutgoingHttpHeader[] | undefined): Head['headers'] {
    // No prototype: a header may be called __proto__.
    const headers: Head['headers'] = Object.create(null)
    for (const name of this.getHeaderNames()) {
      headers[name] = this.getHeader(name) ?? ''
      this.removeHeader(name)
    }
    if (Array.isArray(given)) {
      for (let index = 0; index < given.length; index += 2)
        headers[String(given[index]).toLowerCase()] = given[index + 1] ?? ''
    } else if (given) {
      for (const name in given) {
        const value = given[name]
        if (value !== undefined) headers[name.toLowerCase()] = value
      }
    }
    return headers
  }

  override flushHeaders(): void {
    if (!this.headersSent) this.writeHead(this.statusCode)
    // Of an answer that is dropped there is no head to send.
    if (!this.#resume && !this.#collecting) super.flushHeaders()
  }

  // node's own signatures are overloaded; what comes in is what ServerResponse takes.
  override write(chunk: Written, ...rest: unknown[]): boolean {
    if (!this.headersSent && !this.#resume) this.writeHead(this.statusCode)
    if (this.#resume) {
      called(rest)
      return true
    }
    if (this.#collecting) {
      this.#gather(this.#collecting, bytesOf(chunk, rest[0]), false)
      called(rest)
      return true
    }
    if (this.#transform) return this.#writeThrough(this.#transform, chunk, rest)
    this.#bodyBytes += sizeOf(chunk, rest[0])
    if (this.bytesOnly) return super.write(bytesOf(chunk, rest[0]), callback(rest))
    return super.write(chunk, ...(rest as [BufferEncoding, () => void]))
  }

  override end(first?: unknown, second?: unknown, third?: unknown): this {
    const chunk = typeof first === 'function' || first === null ? undefined : (first as Written | undefined)
    if (!this.headersSent && !this.#resume && !this.#collecting && this.#hooks.length > 0) {
      this.#sizeKnown(chunk)
      this.writeHead(this.statusCode)
    }
    if (this.#collecting) {
      this.#gather(this.#collecting, bytesOf(chunk ?? '', second), true)
      if (!this.#resume) return this.end(callback([first, second, third]))
    }
    if (this.#resume) return this.#resumed([first, second, third])
    if (this.#transform) {
      if (chunk === undefined) this.#transform.end()
      else this.#transform.end(bytesOf(chunk, second))
      called([first, second, third])
      return this
    }
    if (chunk !== undefined) this.#bodyBytes += sizeOf(chunk, second)
    if (this.bytesOnly && chunk !== undefined)
      return super.end(bytesOf(chunk, second), callback([first, second, third]))
    return super.end(first, second as BufferEncoding, third as () => void)
  }

  /** An answer given whole to end() has its length, also when hooks forced the head out before. */
  #sizeKnown(chunk: Written | undefined): void {
    if (this.hasHeader('content-length') || this.hasHeader('transfer-encoding')) return
    if (this.statusCode === 204 || this.statusCode === 304 || this.req.method === 'HEAD') return
    this.setHeader('content-length', chunk === undefined ? 0 : sizeOf(chunk, undefined))
  }

  #writeThrough(stream: Flushable, chunk: Written, rest: unknown[]): boolean {
    const roomLeft = stream.write(bytesOf(chunk, rest[0]))
    // Someone may be waiting for this very line.
    if (this.#prompt) stream.flush()
    called(rest)
    return roomLeft
  }

  #resumed(args: unknown[]): this {
    const resume = this.#resume
    this.#resume = undefined
    for (const name of this.getHeaderNames()) this.removeHeader(name)
    this.statusCode = 200
    called(args)
    // Not within end(): its caller may still touch the response.
    if (resume) setImmediate(resume)
    return this
  }
}
