/** The lines between the chunks of a body (RFC 9112, 7.1), byte by byte, cut anywhere. */
import { fault } from './upstream-error.ts'

const SIZE = 0
const EXTENSION = 1
const SIZE_END = 2
const DATA_CR = 3
const DATA_LF = 4

// As Go has them: a line, and all that lines say beyond 16 bytes and twice what they announce.
const maxLine = 4096
const maxExcess = 16_384
// 13 digits: 2^52.
const maxDigits = 13

export class ChunkSizes {
  /** Of the chunk that begins where `read` stopped; 0 for the last one. */
  size = 0
  #state = SIZE
  #digits = 0
  #line = 0
  #excess = 0

  begin(): void {
    this.#state = SIZE
    this.#excess = 0
    this.#start()
  }

  /** The bytes of a chunk are through: its line end comes next. */
  next(): void {
    this.#state = DATA_CR
    this.#start()
  }

  #start(): void {
    this.size = 0
    this.#digits = 0
    this.#line = 0
  }

  /** The place behind the line, or -1: there is more to come. Throws a fault. */
  read(bytes: Uint8Array, from: number, to: number): number {
    for (let at = from; at < to; at++) {
      const code = bytes[at] as number
      switch (this.#state) {
        case SIZE: {
          const digit = digitOf(code)
          if (digit >= 0) {
            if (++this.#digits > maxDigits) throw fault('a chunk is too long')
            this.size = this.size * 16 + digit
          } else if (this.#digits === 0) throw fault('a chunk has no size')
          else if (code === 13) this.#state = SIZE_END
          else if (code === 59) this.#state = EXTENSION
          else throw fault('the size of a chunk is no number')
          break
        }
        case EXTENSION:
          if (code === 13) this.#state = SIZE_END
          else if ((code < 32 && code !== 9) || code === 127)
            throw fault('a control character in a chunk’s line')
          break
        case SIZE_END:
          if (code !== 10) throw fault('a bare carriage return in a chunk’s line')
          this.#excess = Math.max(0, this.#excess + this.#line - 16 - 2 * this.size)
          if (this.#excess > maxExcess) throw fault('chunks with too little in them')
          return at + 1
        case DATA_CR:
          if (code !== 13) throw fault('a chunk is longer than its size')
          this.#state = DATA_LF
          break
        default:
          if (code !== 10) throw fault('a chunk is longer than its size')
          this.#state = SIZE
      }
      if (++this.#line > maxLine) throw fault('a chunk’s line is too long')
    }
    return -1
  }
}

function digitOf(code: number): number {
  if (code >= 48 && code <= 57) return code - 48
  const lower = code | 32
  return lower >= 97 && lower <= 102 ? lower - 87 : -1
}
