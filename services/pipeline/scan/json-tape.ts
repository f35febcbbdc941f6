/**
 * One JSON value as a tape of tokens that point into its bytes: no objects, no strings, numbers in their published
 * digits, duplicate keys still there. Strict (RFC 8259). Escapes are resolved in place, which never lengthens a string.
 *
 * A token is a number: its kind in `kinds`, its text at `starts`–`ends` (strings without quotes), and in `after` the
 * token that follows it and all it contains. The children of an object are key, value, key, value …
 */
import { cellText } from './encoding.ts'

const quote = 0x22
const backslash = 0x5c

export const kind = { object: 1, array: 2, string: 3, number: 4, true: 5, false: 6, null: 7 } as const

/** Deeper than any template by an order of magnitude. */
export const mostDepth = 64

/** Whether a value is nested deeper than that: asked before it is given to code that calls itself for each level. */
export function nestedDeeper(bytes: Buffer, start: number, end: number): boolean {
  let depth = 0
  let inString = false
  for (let at = start; at < end; at++) {
    const byte = bytes[at] ?? 0
    if (inString) {
      if (byte === backslash) at++
      else if (byte === quote) inString = false
    } else if (byte === quote) inString = true
    else if ((byte === 0x7b || byte === 0x5b) && ++depth > mostDepth) return true
    else if (byte === 0x7d || byte === 0x5d) depth--
  }
  return false
}

export class JsonTape {
  bytes: Buffer = Buffer.alloc(0)
  kinds = new Uint8Array(1024)
  starts = new Int32Array(1024)
  ends = new Int32Array(1024)
  after = new Int32Array(1024)
  count = 0
  private position = 0
  private end = 0

  /** Reads the value at `start`–`end` as token 0. Throws a SyntaxError that names the byte within the value. */
  parse(bytes: Buffer, start: number, end: number): void {
    this.bytes = bytes
    this.count = 0
    this.position = start
    this.end = end
    try {
      this.value(0)
      this.blanks()
      if (this.position < end) this.fail('more follows the value')
    } catch (error) {
      if (error instanceof JsonFault)
        throw new SyntaxError(`${error.message} at byte ${this.position - start} of it`)
      throw error
    }
  }

  text(token: number): string {
    return cellText(this.bytes, this.starts[token] ?? 0, this.ends[token] ?? 0)
  }

  /** The value as JSON text again, its numbers in the digits they had. */
  json(token: number): string {
    switch (this.kinds[token]) {
      case kind.object:
        return `{${this.children(token, 2)
          .map(key => `${JSON.stringify(this.text(key))}:${this.json(key + 1)}`)
          .join(',')}}`
      case kind.array:
        return `[${this.children(token, 1)
          .map(child => this.json(child))
          .join(',')}]`
      case kind.string:
        return JSON.stringify(this.text(token).replaceAll('\0', '').toWellFormed())
      default:
        return this.text(token)
    }
  }

  private children(token: number, step: 1 | 2): number[] {
    const found: number[] = []
    const end = this.after[token] ?? 0
    for (let child = token + 1; child < end; child = this.after[step === 2 ? child + 1 : child] ?? end)
      found.push(child)
    return found
  }

  private fail(message: string): never {
    throw new JsonFault(message)
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
    if (depth > mostDepth) this.fail(`it is nested deeper than ${mostDepth}`)
    const byte = this.blanks()
    if (byte === quote) this.string()
    else if (byte === 0x7b) this.object(depth)
    else if (byte === 0x5b) this.array(depth)
    else if (byte === 0x2d || (byte >= 0x30 && byte <= 0x39)) this.number()
    else if (byte === 0x74) this.word('true', kind.true)
    else if (byte === 0x66) this.word('false', kind.false)
    else if (byte === 0x6e) this.word('null', kind.null)
    else
      this.fail(
        byte < 0 ? 'it ends too early' : `${JSON.stringify(String.fromCharCode(byte))} begins no value`,
      )
  }

  private object(depth: number): void {
    const token = this.token(kind.object, this.position++)
    if (this.blanks() === 0x7d) this.position++
    else {
      for (;;) {
        if (this.blanks() !== quote) this.fail('a key is missing')
        this.string()
        if (this.blanks() !== 0x3a) this.fail('a colon is missing')
        this.position++
        this.value(depth + 1)
        const byte = this.blanks()
        this.position++
        if (byte === 0x7d) break
        if (byte !== 0x2c) this.fail('a comma or brace is missing')
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
        if (byte !== 0x2c) this.fail('a comma or bracket is missing')
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
      if (at >= end) this.fail('a string does not end')
      const byte = bytes[at] ?? 0
      // Most bytes of a text are small letters, which lie beyond all that ends or escapes.
      if (byte > backslash) continue
      if (byte === quote) break
      if (byte === backslash) {
        escapes = true
        at++
      } else if (byte < 0x20) {
        this.position = at
        this.fail('a control character stands in a string')
      }
    }
    this.position = at + 1
    this.close(token, escapes ? this.unescape(start, at) : at)
  }

  /** Resolves escapes in place; returns where the text ends. */
  private unescape(start: number, end: number): number {
    const { bytes } = this
    let to = start
    for (let at = start; at < end; at++) {
      const byte = bytes[at] ?? 0
      if (byte !== backslash) {
        bytes[to++] = byte
        continue
      }
      const letter = bytes[++at] ?? 0
      if (letter === 0x75) {
        const unit = this.hex(at + 1, end)
        at += 4
        const pair =
          unit >= 0xd800 && unit < 0xdc00 && bytes[at + 1] === backslash && bytes[at + 2] === 0x75
            ? this.hex(at + 3, end)
            : 0
        if (pair >= 0xdc00 && pair < 0xe000) {
          to = this.character(to, 0x10000 + ((unit - 0xd800) << 10) + (pair - 0xdc00))
          at += 6
        } else to = this.character(to, unit >= 0xd800 && unit < 0xe000 ? 0xfffd : unit)
      } else bytes[to++] = plainEscapes.get(letter) ?? this.fail('a string holds an unknown escape')
    }
    bytes.fill(0x20, to, end)
    return to
  }

  private hex(at: number, end: number): number {
    const digits = this.bytes.toString('latin1', at, at + 4)
    if (at + 4 > end || !/^[0-9a-fA-F]{4}$/.test(digits)) this.fail('a string holds a broken \\u escape')
    return Number.parseInt(digits, 16)
  }

  private character(at: number, point: number): number {
    return at + this.bytes.write(String.fromCodePoint(point), at, 'utf8')
  }

  private number(): void {
    const { bytes, end } = this
    const start = this.position
    const token = this.token(kind.number, start)
    let at = start
    if (bytes[at] === 0x2d) at++
    const whole = at
    while (at < end && isDigit(bytes[at])) at++
    if (at === whole || (bytes[whole] === 0x30 && at - whole > 1)) this.fail('a number is malformed')
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
    if (at === from) this.fail('a number is malformed')
    return at
  }

  private word(text: string, which: number): void {
    const start = this.position
    for (let at = 0; at < text.length; at++)
      if (this.bytes[start + at] !== text.charCodeAt(at)) this.fail('a word is none of true, false and null')
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
  }
}

class JsonFault extends Error {}

function larger(from: Int32Array, size: number): Int32Array<ArrayBuffer> {
  const to = new Int32Array(size)
  to.set(from)
  return to
}

function isDigit(byte: number | undefined): boolean {
  return byte !== undefined && byte >= 0x30 && byte <= 0x39
}

const plainEscapes = new Map(
  [...'"\\/bfnrt'].map((letter, index) => [letter.charCodeAt(0), '"\\/\b\f\n\r\t'.charCodeAt(index)]),
)
