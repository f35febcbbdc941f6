/**
 * A JSON document of any size, cut by bytes into what fits memory: the members of its root object, and the elements of
 * the lists that hold the rows. Values are found by counting brackets outside of strings; whether they are JSON is for
 * json-tape.ts to say.
 *
 *   splitter.push(chunk); for (let part = splitter.next(); part; part = splitter.next()) …
 */
import { type ChunkJoiner, createChunkJoiner } from './chunk-joiner.ts'

/** What is left of one chunk is put before the next up to this size; beyond it that would take longer than to let it grow. */
const mostJoined = 512 << 10

const quote = 0x22
const backslash = 0x5c
const openBrace = 0x7b
const closeBrace = 0x7d
const openBracket = 0x5b
const closeBracket = 0x5d
const comma = 0x2c
const colon = 0x3a

export type JsonPart =
  /** One element of a list of rows. */
  | { type: 'element'; key: string /** From 0. */; index: number; start: number; end: number }
  /** A list of rows begins. */
  | { type: 'list'; key: string }
  /** Another member of the root. */
  | { type: 'member'; key: string; start: number; end: number }

/** Where the value at `start` ends, if it can be told at once; else -1. */
type Ahead = (bytes: Buffer, start: number, held: number) => number

export class JsonSyntaxError extends Error {
  override name = 'JsonSyntaxError'
  readonly offset: number
  constructor(message: string, offset: number) {
    super(message)
    this.offset = offset
  }
}

type State =
  | 'root'
  | 'first-key'
  | 'key'
  | 'colon'
  | 'value'
  | 'after-value'
  | 'first-element'
  | 'element'
  | 'after-element'
  | 'done'

export class JsonSplitter {
  bytes: Buffer = Buffer.alloc(0)
  /** Offset of `bytes[0]` in the stream. */
  streamOffset = 0
  /** What follows the document, once it is complete: the offset of its first byte that is no blank, or -1. */
  trailingAt = -1
  trailingByte = 0
  private readonly lists: ReadonlySet<string>
  private readonly mostBytes: number
  private held = 0
  private position = 0
  private state: State = 'root'
  private key = ''
  private index = 0
  // The value being read, and how far.
  private valueStart = -1
  private depth = 0
  private inString = false
  /** Whether `bytes` is a buffer of ours that has room behind what is held. */
  private growing = false
  private readonly joiner: ChunkJoiner
  private readonly ahead: Ahead

  /** `ahead`: see JsonTape; `stretches`: where bytes are kept, see chunk-joiner.ts. */
  constructor(
    lists: readonly string[],
    mostBytes: number,
    {
      ahead = () => -1,
      stretches,
    }: { ahead?: Ahead; stretches?: readonly [Buffer, Buffer] | undefined } = {},
  ) {
    this.lists = new Set(lists)
    this.mostBytes = mostBytes
    this.ahead = ahead
    this.joiner = createChunkJoiner(stretches)
  }

  get complete(): boolean {
    return this.state === 'done'
  }

  /** Adds bytes, which are copied. Offsets of parts are void after it. */
  push(chunk: Buffer): void {
    const from = this.valueStart >= 0 ? this.valueStart : Math.min(this.position, this.held)
    const rest = this.held - from
    if (rest > this.mostBytes)
      throw new JsonSyntaxError(`one value is longer than ${this.mostBytes} bytes`, this.streamOffset + from)
    this.join(from, rest, chunk)
    this.held = rest + chunk.length
    this.streamOffset += from
    this.position -= from
    if (this.valueStart >= 0) this.valueStart = 0
  }

  /** The `rest` held bytes from `from`, then the chunk. A value of many chunks grows in a buffer of twice its size. */
  private join(from: number, rest: number, chunk: Buffer): void {
    const needed = rest + chunk.length
    if (this.growing && from === 0 && this.bytes.length >= needed) chunk.copy(this.bytes, rest)
    else if (rest > chunk.length && rest > mostJoined) {
      const joined = Buffer.allocUnsafe(needed * 2)
      this.bytes.copy(joined, 0, from, this.held)
      chunk.copy(joined, rest)
      this.bytes = joined
    } else this.bytes = this.joiner.join(this.bytes.subarray(from, this.held), chunk)
    this.growing = rest > chunk.length && rest > mostJoined
  }

  /** The next part; undefined when more bytes are needed or the document is complete. */
  next(): JsonPart | undefined {
    for (;;) {
      if (this.valueStart >= 0) {
        const end = this.valueEnd()
        if (end < 0) return undefined
        const part = this.valueRead(end)
        if (part) return part
        continue
      }
      const byte = this.skipBlanks()
      if (byte < 0) return undefined
      const part = this.step(byte)
      if (part === 'stop') return undefined
      if (part) return part
    }
  }

  private skipBlanks(): number {
    const { bytes, held } = this
    let at = this.position
    while (at < held && isBlank(bytes[at] ?? 0)) at++
    this.position = at
    return at < held ? (bytes[at] ?? 0) : -1
  }

  private step(byte: number): JsonPart | 'stop' | undefined {
    switch (this.state) {
      case 'root':
        this.expect(byte, openBrace, 'first-key')
        return
      case 'first-key':
      case 'key':
        if (byte === closeBrace && this.state === 'first-key') this.go('done')
        else if (byte === quote) this.begin()
        else throw this.unexpected('a key')
        return
      case 'colon':
        this.expect(byte, colon, 'value')
        return
      case 'value':
        if (byte !== openBracket || !this.lists.has(this.key)) {
          this.begin()
          return
        }
        this.go('first-element')
        this.index = 0
        return { type: 'list', key: this.key }
      case 'after-value':
        if (byte === comma) this.go('key')
        else this.expect(byte, closeBrace, 'done')
        return
      case 'first-element':
      case 'element':
        if (byte === closeBracket && this.state === 'first-element') this.go('after-value')
        else this.begin()
        return
      case 'after-element':
        if (byte === comma) this.go('element')
        else this.expect(byte, closeBracket, 'after-value')
        return
      case 'done':
        if (this.trailingAt < 0) {
          this.trailingAt = this.streamOffset + this.position
          this.trailingByte = byte
        }
        this.position = this.held
        return 'stop'
    }
  }

  private go(state: State): void {
    this.state = state
    this.position++
  }

  private expect(byte: number, wanted: number, state: State): void {
    if (byte !== wanted) throw this.unexpected(`"${String.fromCharCode(wanted)}"`)
    this.go(state)
  }

  private unexpected(wanted: string): JsonSyntaxError {
    const found = String.fromCharCode(this.bytes[this.position] ?? 0)
    return new JsonSyntaxError(
      `${wanted} was expected and ${JSON.stringify(found)} stands there`,
      this.streamOffset + this.position,
    )
  }

  private begin(): void {
    const byte = this.bytes[this.position] ?? 0
    if (byte === comma || byte === colon || byte === closeBrace || byte === closeBracket)
      throw this.unexpected('a value')
    this.valueStart = this.position
    this.depth = 0
    this.inString = false
  }

  /** Where the value ends, or -1 while it is not complete. */
  private valueEnd(): number {
    const { bytes, held } = this
    const first = bytes[this.valueStart] ?? 0
    if (first !== quote && first !== openBrace && first !== openBracket) return this.primitiveEnd()
    if (this.position === this.valueStart && this.isElement()) {
      const end = this.ahead(bytes, this.valueStart, held)
      if (end >= 0) return end
    }
    let { position: at, depth, inString } = this
    for (; at < held; at++) {
      const byte = bytes[at] ?? 0
      if (inString) {
        // Most bytes of a text are small letters, which lie beyond both.
        if (byte > backslash) continue
        if (byte === backslash) at++
        else if (byte === quote) {
          inString = false
          if (depth === 0) return at + 1
        }
      } else if (byte === quote) inString = true
      else {
        // This bit is all that tells a brace from a bracket.
        const brace = byte | 0x20
        if (brace === openBrace) depth++
        else if (brace === closeBrace && --depth === 0) return at + 1
      }
    }
    this.position = at // past `held` by one when the chunk ends in a backslash
    this.depth = depth
    this.inString = inString
    return -1
  }

  private isElement(): boolean {
    return this.state === 'first-element' || this.state === 'element'
  }

  private primitiveEnd(): number {
    const { bytes, held } = this
    for (let at = this.position; at < held; at++) {
      const byte = bytes[at] ?? 0
      if (byte === comma || byte === closeBrace || byte === closeBracket || isBlank(byte)) return at
    }
    this.position = held
    return -1
  }

  private valueRead(end: number): JsonPart | undefined {
    const start = this.valueStart
    this.valueStart = -1
    this.position = end
    switch (this.state) {
      case 'first-key':
      case 'key':
        this.key = parsedKey(this.bytes, start, end)
        this.state = 'colon'
        return undefined
      case 'value':
        this.state = 'after-value'
        return { type: 'member', key: this.key, start, end }
      default:
        this.state = 'after-element'
        return { type: 'element', key: this.key, index: this.index++, start, end }
    }
  }
}

function isBlank(byte: number): boolean {
  return byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09
}

function parsedKey(bytes: Buffer, start: number, end: number): string {
  const text = bytes.toString('utf8', start, end)
  try {
    return JSON.parse(text) as string
  } catch {
    return text
  }
}
