/**
 * The response that middlewares and services write to. It is node's own ServerResponse, so that a Fastify app can
 * answer on it directly, with three additions: hooks that see the head before it leaves, a held-back response (errors,
 * retry), and a transform of the body (compress).
 */
import { type OutgoingHttpHeader, type OutgoingHttpHeaders, ServerResponse } from 'node:http'
import type { Transform } from 'node:stream'

export type Head = {
  status: number
  /** Lower-case names. */
  headers: Record<string, OutgoingHttpHeader>
}

/** Runs once, before the head leaves: innermost middleware first, as the response passes outwards. */
export type HeadHook = (head: Head) => void

/** zlib's streams. */
export type Flushable = Transform & { flush(): void }

type Written = Buffer | Uint8Array | string

export class GatewayResponse extends ServerResponse {
  #hooks: HeadHook[] = []
  #running = -1
  #resume: (() => void) | undefined
  #transform: Flushable | undefined
  #prompt = false
  #bodyBytes = 0

  /** Bytes of the body handed over so far, after compression. */
  get bodyBytes(): number {
    return this.#bodyBytes
  }

  /** Whether a middleware has dropped the answer that is being written: what writes it may stop early. */
  get held(): boolean {
    return this.#resume !== undefined
  }

  get hookCount(): number {
    return this.#hooks.length
  }

  /** Leaves the first `count` hooks: those of an attempt that failed before it answered are not run. */
  dropHooks(count: number): void {
    this.#hooks.length = Math.min(this.#hooks.length, count)
  }

  onHead(hook: HeadHook): void {
    this.#hooks.push(hook)
  }

  /**
   * Only from a hook: this answer is dropped, body and all. When its writer is done, `resume` runs on a fresh
   * response, on which only the hooks outside the calling one are left.
   */
  hold(resume: () => void): void {
    this.#hooks.length = Math.max(0, this.#running)
    this.#resume = resume
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
    if (this.#resume) return this
    const fields = typeof reason === 'string' ? given : (reason ?? given)
    if (this.headersSent || this.#hooks.length === 0) return this.#send(status, fields)
    const head = { status, headers: this.#takeHeaders(fields) }
    for (this.#running = this.#hooks.length - 1; this.#running >= 0; this.#running--) {
      this.#hooks[this.#running]?.(head)
      if (this.#resume) return this
    }
    this.#hooks.length = 0
    return this.#send(head.status, head.headers)
  }

  #send(status: number, fields: OutgoingHttpHeaders | OutgoingHttpHeader[] | undefined): this {
    this.#hooks.length = 0
    // The reason phrase is node's own: what a service writes there is nobody's business.
    return fields ? super.writeHead(status, fields as OutgoingHttpHeaders) : super.writeHead(status)
  }

  /** What was set and what is given, as one map; nothing stays behind on the response. */
  #takeHeaders(given: OutgoingHttpHeaders | OutgoingHttpHeader[] | undefined): Head['headers'] {
    const headers: Head['headers'] = {}
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
    if (!this.#resume) super.flushHeaders()
  }

  // node's own signatures are overloaded; what comes in is what ServerResponse takes.
  override write(chunk: Written, ...rest: unknown[]): boolean {
    if (!this.headersSent && !this.#resume) this.writeHead(this.statusCode)
    if (this.#resume) {
      callback(rest)?.()
      return true
    }
    if (this.#transform) return this.#writeThrough(this.#transform, chunk, rest)
    this.#bodyBytes += sizeOf(chunk, rest[0])
    return super.write(chunk, ...(rest as [BufferEncoding, () => void]))
  }

  override end(...args: unknown[]): this {
    const [first] = args
    const chunk = typeof first === 'function' || first === null ? undefined : (first as Written | undefined)
    if (!this.headersSent && !this.#resume && this.#hooks.length > 0) {
      this.#sizeKnown(chunk)
      this.writeHead(this.statusCode)
    }
    if (this.#resume) return this.#resumed(args)
    if (this.#transform) {
      if (chunk === undefined) this.#transform.end()
      else this.#transform.end(typeof chunk === 'string' ? Buffer.from(chunk, encodingOf(args[1])) : chunk)
      callback(args)?.()
      return this
    }
    if (chunk !== undefined) this.#bodyBytes += sizeOf(chunk, args[1])
    return super.end(...(args as [() => void]))
  }

  /** An answer given whole to end() has its length, also when hooks forced the head out before. */
  #sizeKnown(chunk: Written | undefined): void {
    if (this.hasHeader('content-length') || this.hasHeader('transfer-encoding')) return
    if (this.statusCode === 204 || this.statusCode === 304 || this.req.method === 'HEAD') return
    this.setHeader('content-length', chunk === undefined ? 0 : sizeOf(chunk, undefined))
  }

  #writeThrough(stream: Flushable, chunk: Written, rest: unknown[]): boolean {
    const bytes = typeof chunk === 'string' ? Buffer.from(chunk, encodingOf(rest[0])) : chunk
    const roomLeft = stream.write(bytes)
    // Someone may be waiting for this very line.
    if (this.#prompt) stream.flush()
    callback(rest)?.()
    return roomLeft
  }

  #resumed(args: unknown[]): this {
    const resume = this.#resume
    this.#resume = undefined
    for (const name of this.getHeaderNames()) this.removeHeader(name)
    this.statusCode = 200
    callback(args)?.()
    // Not within end(): its caller may still touch the response.
    if (resume) setImmediate(resume)
    return this
  }
}

function callback(args: readonly unknown[]): (() => void) | undefined {
  const last = args.findLast(argument => typeof argument === 'function')
  return last as (() => void) | undefined
}

function encodingOf(value: unknown): BufferEncoding {
  return typeof value === 'string' && Buffer.isEncoding(value) ? value : 'utf8'
}

function sizeOf(chunk: Written, encoding: unknown): number {
  return typeof chunk === 'string' ? Buffer.byteLength(chunk, encodingOf(encoding)) : chunk.length
}
