/**
 * One JSON value as a tape of tokens that point into its bytes: no objects, no strings, numbers in their published
 * digits, duplicate keys still there. Strict (RFC 8259). Escapes are resolved in place, which never lengthens a string.
 *
 * A token is a number: its kind in `kinds`, its text at `starts`–`ends` (strings without quotes), and in `after` the
 * token that follows it and all it contains. The children of an object are key, value, key, value …
 */
import type { Kernel } from '../kernel/kernel.ts'
import { cellText } from './encoding.ts'
import { mostDepth } from './json-depth.ts'
import { resolveEscapes } from './json-escapes.ts'

const quote = 0x22
const backslash = 0x5c

export const kind = { object: 1, array: 2, string: 3, number: 4, true: 5, false: 6, null: 7 } as const

export class JsonTape {
  bytes: Buffer = Buffer.alloc(0)
  kinds = new Uint8Array(1024)
  starts = new Int32Array(1024)
  ends = new Int32Array(1024)
  after = new Int32Array(1024)
  count = 0
  /** What the kernel noted of keys and numbers (kernel/tape-kernel.ts); undefined where it has not read the value. */
  notes: Uint8Array | undefined
  private position = 0
  private end = 0
  private readonly kernel: Kernel | undefined
  private readonly own: Arrays
  /** Where the object stands that the kernel read ahead. */
  private aheadAt = -1

  /** `kernel`: reads what stands in its memory, as far as it can. */
  constructor(kernel?: Kernel) {
    this.kernel = kernel
    this.own = this.arrays()
  }

  /**
   * Reads an object of which it is not known where it ends: returns that, or -1 when it takes `parse` to say. `held`: where the
   * bytes end. `parse` of what was read has nothing left to do but to resolve its escapes.
   */
  ahead(bytes: Buffer, start: number, held: number): number {
    const { kernel } = this
    this.aheadAt = -1
    if (!kernel?.sees(bytes) || bytes[start] !== 0x7b) return -1
    const { tape } = kernel
    const count = tape.parse(bytes, start, held)
    if (count === 0) return -1
    this.bytes = bytes
    this.count = count
    this.use(tape)
    this.notes = tape.notes
    this.aheadAt = start
    this.end = tape.objectEnd()
    return this.end
  }

  /** Reads the value at `start`–`end` as token 0. Throws a SyntaxError that names the byte within the value. */
  parse(bytes: Buffer, start: number, end: number): void {
    const isRead = this.aheadAt === start && this.end === end && this.bytes === bytes
    if (isRead || this.ahead(bytes, start, end) === end) {
      this.aheadAt = -1
      this.resolveAll()
      return
    }
    this.use(this.own)
    this.notes = undefined
    this.bytes = bytes
    this.count = 0
    this.position = start
    this.end = end
    try {
      this.value(0)
      this.blanks()
      if (this.position < end) fail('more follows the value')
    } catch (error) {
      if (error instanceof JsonFault)
        throw new SyntaxError(`${error.message} at byte ${this.position - start} of it`)
      throw error
    }
  }

  private arrays(): Arrays {
    const { kinds, starts, ends, after } = this
    return { kinds, starts, ends, after }
  }

  private use({ kinds, starts, ends, after }: Arrays): void {
    this.kinds = kinds
    this.starts = starts
    this.ends = ends
    this.after = after
  }

  /** Of the strings that the kernel read. */
  private resolveAll(): void {
    const tape = this.kernel?.tape
    if (!tape) return
    const count = tape.escapedCount()
    for (let at = 0; at < count; at++) {
      const token = tape.escaped[at] ?? 0
      this.ends[token] = resolveEscapes(this.bytes, this.starts[token] ?? 0, this.ends[token] ?? 0, fail)
    }
  }

  text(token: number): string {
    return cellText(this.bytes, this.starts[token] ?? 0, this.ends[token] ?? 0)
  }

  private token(which: number, start: number): number {
    if (this.count === this.kinds.length) this.grow()
    const token = this.count++
    this.kinds[token] = which
    this.starts[token] = start
    return token
  }

  private close(token: number, end: number): void {
    this.ends[token] = end
    this.after[token] = this.count
  }

  private blanks(): number {
    const { bytes, end } = this
    let at = this.position
    const first = bytes[at] ?? 0
    if (first > 0x20 && at < end) return first
    while (at < end) {
      const byte = bytes[at] ?? 0
      if (byte !== 0x20 && byte !== 0x0a && byte !== 0x0d && byte !== 0x09) break
      at++
    }
    this.position = at
    return at < end ? (bytes[at] ?? 0) : -1
  }

  private value(depth: number): void {
    if (depth > mostDepth) fail(`it is nested deeper than ${mostDepth}`)
    const byte = this.blanks()
    if (byte === quote) this.string()
    else if (byte === 0x7b) this.object(depth)
    else if (byte === 0x5b) this.array(depth)
    else if (byte === 0x2d || (byte >= 0x30 && byte <= 0x39)) this.number()
    else if (byte === 0x74) this.word('true', kind.true)
    else if (byte === 0x66) this.word('false', kind.false)
    else if (byte === 0x6e) this.word('null', kind.null)
    else fail(byte < 0 ? 'it ends too early' : `${JSON.stringify(String.fromCharCode(byte))} begins no value`)
  }

  private object(depth: number): void {
    const token = this.token(kind.object, this.position++)
    if (this.blanks() === 0x7d) this.position++
    else {
      for (;;) {
        if (this.blanks() !== quote) fail('a key is missing')
        this.string()
        if (this.blanks() !== 0x3a) fail('a colon is missing')
        this.position++
        this.value(depth + 1)
        const byte = this.blanks()
        this.position++
        if (byte === 0x7d) break
        if (byte !== 0x2c) fail('a comma or brace is missing')
      }
    }
    this.close(token, this.position)
  }

  private array(depth: number): void {
    const token = this.token(kind.array, this.position++)
    if (this.blanks() === 0x5d) this.position++
    else {
      for (;;) {
        this.value(depth + 1)
        const byte = this.blanks()
        this.position++
        if (byte === 0x5d) break
        if (byte !== 0x2c) fail('a comma or bracket is missing')
      }
    }
    this.close(token, this.position)
  }

  private string(): void {
    const { bytes, end } = this
    const start = this.position + 1
    const token = this.token(kind.string, start)
    let escapes = false
    let at = start
    for (; ; at++) {
      if (at >= end) fail('a string does not end')
      const byte = bytes[at] ?? 0
      // Most bytes of a text are small letters, which lie beyond all that ends or escapes.
      if (byte > backslash) continue
      if (byte === quote) break
      if (byte === backslash) {
        escapes = true
        at++
      } else if (byte < 0x20) {
        this.position = at
        fail('a control character stands in a string')
      }
    }
    this.position = at + 1
    this.close(token, escapes ? resolveEscapes(this.bytes, start, at, fail) : at)
  }

  private number(): void {
    const { bytes, end } = this
    const start = this.position
    const token = this.token(kind.number, start)
    let at = start
    if (bytes[at] === 0x2d) at++
    const whole = at
    while (at < end && isDigit(bytes[at])) at++
    if (at === whole || (bytes[whole] === 0x30 && at - whole > 1)) fail('a number is malformed')
    if (bytes[at] === 0x2e) at = this.digits(at + 1)
    if (bytes[at] === 0x65 || bytes[at] === 0x45) {
      at++
      if (bytes[at] === 0x2b || bytes[at] === 0x2d) at++
      at = this.digits(at)
    }
    this.position = at
    this.close(token, at)
  }

  private digits(from: number): number {
    let at = from
    while (at < this.end && isDigit(this.bytes[at])) at++
    if (at === from) fail('a number is malformed')
    return at
  }

  private word(text: string, which: number): void {
    const start = this.position
    for (let at = 0; at < text.length; at++)
      if (this.bytes[start + at] !== text.charCodeAt(at)) fail('a word is none of true, false and null')
    const token = this.token(which, start)
    this.position = start + text.length
    this.close(token, this.position)
  }

  private grow(): void {
    const size = this.count * 2
    const kinds = new Uint8Array(size)
    kinds.set(this.kinds)
    this.kinds = kinds
    this.starts = larger(this.starts, size)
    this.ends = larger(this.ends, size)
    this.after = larger(this.after, size)
    Object.assign(this.own, this.arrays())
  }
}

type Arrays = Pick<JsonTape, 'kinds' | 'starts' | 'ends' | 'after'>

class JsonFault extends Error {}

function fail(message: string): never {
  throw new JsonFault(message)
}

function larger(from: Int32Array, size: number): Int32Array<ArrayBuffer> {
  const to = new Int32Array(size)
  to.set(from)
  return to
}

function isDigit(byte: number | undefined): boolean {
  return byte !== undefined && byte >= 0x30 && byte <= 0x39
}
