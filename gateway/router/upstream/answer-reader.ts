/** Answers, one after the other, out of the bytes of a connection: head, body, trailers, cut anywhere. */
import { type AnswerFields, AnswerLines } from './answer-lines.ts'
import { ChunkSizes } from './chunk-sizes.ts'
import { bodyLength, CHUNKED, dropNamed, endsConnection, UNTIL_CLOSE } from './framing.ts'
import { cutPiece, type ReadBuffer } from './read-buffer.ts'
import { fault } from './upstream-error.ts'

/** Who asked. After `onEnd` or `onError` nothing more comes. */
export type Receiver = {
  /** An answer before the final one (100 to 199), with its end-to-end fields. */
  onEarly(status: number, fields: AnswerFields): void
  /** Of the final answer; end-to-end fields only. */
  onHead(status: number, fields: AnswerFields): void
  /** The head has come alone: its body may be long in coming. */
  onWait(): void
  /** `release`: see Piece. */
  onBody(bytes: Buffer, release: (() => void) | undefined): void
  /** With the last piece, where that was known to be the last when it came. */
  onEnd(last: Buffer | undefined, trailers: AnswerFields | undefined): void
  onError(error: unknown): void
}

const HEAD = 0
const BODY = 1
const CHUNK_LINE = 2
const TRAILERS = 3
const OVER = 4

// As much of a read as is looked at as text at once: most heads are shorter, bodies must not become strings.
const textBytes = 4096

export class AnswerReader {
  /** The last piece, and the trailers, of an answer that is over. */
  last: Buffer | undefined
  trailers: AnswerFields | undefined
  /** Whether another request may follow on the connection. */
  reusable = false
  /** Seconds that the server keeps the connection, as it says; NaN: it does not. */
  keepSeconds = Number.NaN
  #lines = new AnswerLines()
  #chunks = new ChunkSizes()
  #state = OVER
  #method = ''
  #receiver: Receiver | undefined
  #framing = 0
  /** Of the body, or of this chunk. */
  #left = 0
  #begun = false
  #waiting = false

  /** An answer to `method` comes. */
  begin(method: string, receiver: Receiver): void {
    this.#method = method
    this.#receiver = receiver
    this.#lines.begin()
    this.#state = HEAD
    this.#begun = false
    this.#waiting = false
  }

  /** Whether nothing of an answer has come. */
  get untouched(): boolean {
    return this.#state === HEAD && !this.#begun
  }

  /** Whether the final head has come. */
  get answered(): boolean {
    return this.#state !== HEAD
  }

  /** Nobody listens any more, and nothing of the answer is kept. */
  stop(): void {
    this.#receiver = undefined
    this.last = undefined
    this.trailers = undefined
  }

  /**
   * Reads the first `size` bytes. The place where the answer ends (what is behind it belongs to nothing), or -1: there is
   * more to come, or nobody listens. Throws a fault.
   */
  read(buffer: ReadBuffer, size: number): number {
    let at = 0
    this.#begun = true
    while (at < size && this.#receiver !== undefined) {
      at = this.#step(buffer, at, size)
      if (this.#state === OVER) return at
    }
    if (this.#waiting) {
      this.#waiting = false
      this.#receiver?.onWait()
    }
    return -1
  }

  /** The server has nothing more to say: whether that is how the answer ends. */
  close(): boolean {
    if (this.#state !== BODY || this.#framing !== UNTIL_CLOSE) return false
    this.#state = OVER
    return true
  }

  #step(buffer: ReadBuffer, at: number, size: number): number {
    switch (this.#state) {
      case HEAD:
      case TRAILERS: {
        const to = Math.min(size, at + textBytes)
        const end = this.#lines.read(buffer.bytes.toString('latin1', at, to))
        if (end === -1) return to
        if (this.#state === HEAD) this.#head()
        else this.#end()
        return at + end
      }
      case BODY:
        return this.#body(buffer, at, Math.min(size, at + this.#left))
      default: {
        const end = this.#chunks.read(buffer.bytes, at, size)
        return end === -1 ? size : this.#chunk(end)
      }
    }
  }

  #head(): void {
    const lines = this.#lines
    if (lines.status === 101) throw fault('the server upgrades what is no upgrade')
    if (lines.status < 200) {
      this.#receiver?.onEarly(lines.status, lines.fields)
      return void lines.again()
    }
    const framing = bodyLength(lines, this.#method)
    this.#framing = framing
    this.reusable = framing !== UNTIL_CLOSE && !endsConnection(lines)
    dropNamed(lines)
    this.keepSeconds = lines.keepAlive === '' ? Number.NaN : keptSeconds(lines.keepAlive)
    this.#waiting = true
    if (framing === 0) this.#state = OVER
    else if (framing === CHUNKED) {
      this.#chunks.begin()
      this.#state = CHUNK_LINE
    } else {
      this.#left = framing === UNTIL_CLOSE ? Number.POSITIVE_INFINITY : framing
      this.#state = BODY
    }
    this.#receiver?.onHead(lines.status, lines.fields)
  }

  #body(buffer: ReadBuffer, from: number, to: number): number {
    this.#left -= to - from
    this.#waiting = false
    if (this.#left === 0 && this.#framing !== CHUNKED) {
      // Before it goes on, the connection is free for the next request: no piece of it is lent.
      this.last = Buffer.from(buffer.bytes.subarray(from, to))
      this.#state = OVER
      return to
    }
    if (this.#left === 0) {
      this.#chunks.next()
      this.#state = CHUNK_LINE
    }
    const { bytes, release } = cutPiece(buffer, from, to)
    this.#receiver?.onBody(bytes, release)
    return to
  }

  #chunk(at: number): number {
    this.#left = this.#chunks.size
    if (this.#left > 0) this.#state = BODY
    else {
      this.#lines.begin(true)
      this.#state = TRAILERS
    }
    return at
  }

  #end(): void {
    const { fields } = this.#lines
    // It was said what the body is; nobody says it again behind it.
    delete fields['content-length']
    for (const _ in fields) {
      this.trailers = fields
      break
    }
    this.#state = OVER
  }
}

function keptSeconds(keepAlive: string): number {
  return Number(/(?:^|[,;\s])timeout=(\d{1,9})(?:$|[,;\s])/i.exec(keepAlive)?.[1] ?? Number.NaN)
}
