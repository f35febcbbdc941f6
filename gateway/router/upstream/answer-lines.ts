/**
 * The status line and the field lines of an answer, as they come: any number of pieces, cut anywhere. Stricter than Go's
 * reader, which takes bare line feeds and folded lines: a head that two readers could read in two ways is a fault.
 * RFC 9112, 4 and 5; https://pkg.go.dev/net/textproto#Reader.ReadMIMEHeader
 */
import { hopByHop } from './hop-by-hop.ts'
import { fault } from './upstream-error.ts'

/** Lower-case names; a name that comes several times has a list. */
export type AnswerFields = { [name: string]: string | string[] }

// Go's transport takes 10 MiB of head. Nobody has that much to say, and each connection may hold as much.
const maxBytes = 1_048_576
const maxLines = 10_000

const STATUS = 0
const STATUS_END = 1
const LINE = 2
const NAME = 3
const SPACE = 4
const VALUE = 5
const VALUE_END = 6
const END = 7

const TOKEN = 1
const TEXT = 2
const classes = new Uint8Array(256)
for (let code = 0x20; code < 0x100; code++) if (code !== 0x7f) classes[code] = TEXT
classes[9] = TEXT
for (const one of "!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz")
  classes[one.charCodeAt(0)] = TOKEN | TEXT

const CR = 13
const LF = 10
const COLON = 58

export class AnswerLines {
  minor = 1
  status = 0
  /** What goes on to the client: hop-by-hop fields are left out. */
  fields: AnswerFields = emptyFields()
  /** Of the connection; '' where it is not said. Lines of the same name are joined by commas. */
  contentLength = ''
  transferEncoding = ''
  connection = ''
  keepAlive = ''
  #state = STATUS
  /** What has come of the line or the value that is being read. */
  #held = ''
  #name: Name = passing
  #bytes = 0
  #lines = 0

  /** For the next answer. `trailers`: field lines alone. */
  begin(trailers = false): void {
    this.again()
    if (trailers) this.#state = LINE
    this.#bytes = 0
    this.#lines = 0
  }

  /** An informational answer is over: the next one counts on, so that they cannot go on for ever. */
  again(): void {
    this.fields = emptyFields()
    this.contentLength = ''
    this.transferEncoding = ''
    this.connection = ''
    this.keepAlive = ''
    this.#state = STATUS
    this.#held = ''
  }

  /** Reads on in `text` (latin1). The place behind the empty line, or -1: there is more to come. Throws a fault. */
  read(text: string): number {
    let state = this.#state
    let from = 0
    let at = 0
    const { length } = text
    while (at < length) {
      switch (state) {
        case STATUS:
        case VALUE: {
          while (at < length && ((classes[text.charCodeAt(at)] as number) & TEXT) !== 0) at++
          if (at === length) break
          if (text.charCodeAt(at) !== CR) throw fault('a control character in the head of an answer')
          const part = text.slice(from, at)
          const whole = this.#held === '' ? part : this.#held + part
          this.#held = ''
          if (state === VALUE) this.#add(whole)
          else this.#readStatus(whole)
          state = state === VALUE ? VALUE_END : STATUS_END
          at++
          break
        }
        case STATUS_END:
        case VALUE_END:
          if (text.charCodeAt(at) !== LF) throw fault('a bare carriage return in the head of an answer')
          at++
          state = LINE
          break
        case LINE: {
          const code = text.charCodeAt(at)
          if (code === CR) {
            state = END
            at++
          } else {
            state = NAME
            from = at
          }
          break
        }
        case NAME: {
          while (at < length && ((classes[text.charCodeAt(at)] as number) & TOKEN) !== 0) at++
          if (at === length) break
          const part = text.slice(from, at)
          const name = this.#held === '' ? part : this.#held + part
          if (text.charCodeAt(at) !== COLON || name === '') throw fault('a header of an answer has no name')
          this.#held = ''
          this.#name = known(name)
          state = SPACE
          at++
          break
        }
        case SPACE: {
          const code = text.charCodeAt(at)
          if (code === 32 || code === 9) at++
          else {
            state = VALUE
            from = at
          }
          break
        }
        default:
          if (text.charCodeAt(at) !== LF) throw fault('a bare carriage return in the head of an answer')
          this.#count(at + 1)
          return at + 1
      }
    }
    if (state === STATUS || state === NAME || state === VALUE) this.#held += text.slice(from)
    // Whatever else speaks there (HTTP/2, TLS, a page without a head) may never end a line.
    if (state === STATUS && !'HTTP/1.'.startsWith(this.#held.slice(0, 7)))
      throw fault('no answer of HTTP/1.1')
    this.#state = state
    this.#count(length)
    return -1
  }

  #count(bytes: number): void {
    this.#bytes += bytes
    if (this.#bytes > maxBytes) throw fault('the head of an answer is too long')
  }

  #readStatus(line: string): void {
    const match = /^HTTP\/1\.([01]) ([1-9]\d\d)(?: |$)/.exec(line)
    if (!match) throw fault('no answer of HTTP/1.1')
    this.minor = match[1] === '1' ? 1 : 0
    this.status = Number(match[2])
  }

  #add(text: string): void {
    if (++this.#lines > maxLines) throw fault('an answer has too many headers')
    const value = withoutBlankEnd(text)
    const { name, slot } = this.#name
    if (slot !== undefined) {
      if (value === '' && (slot === 'contentLength' || slot === 'transferEncoding'))
        throw fault(`an answer has an empty ${name}`)
      this[slot] = this[slot] === '' ? value : `${this[slot]},${value}`
      if (slot !== 'contentLength') return
    } else if (this.#name.hop) return
    const before = this.fields[name]
    if (before === undefined) this.fields[name] = value
    else if (typeof before === 'string') this.fields[name] = [before, value]
    else before.push(value)
  }
}

/** By hand: an expression would begin anew at each blank in between, and trimEnd takes what is no blank in HTTP. */
function withoutBlankEnd(text: string): string {
  let end = text.length
  for (let code = text.charCodeAt(end - 1); code === 32 || code === 9; code = text.charCodeAt(end - 1)) end--
  return end === text.length ? text : text.slice(0, end)
}

function emptyFields(): AnswerFields {
  // No prototype: a header may be called __proto__ or constructor.
  return Object.create(null)
}

type Slot = 'contentLength' | 'transferEncoding' | 'connection' | 'keepAlive'
type Name = { name: string; slot: Slot | undefined; hop: boolean }

const slots = new Map<string, Slot>([
  ['content-length', 'contentLength'],
  ['transfer-encoding', 'transferEncoding'],
  ['connection', 'connection'],
  ['keep-alive', 'keepAlive'],
])
const names = new Map<string, Name>()
const passing = known('server')

/** Remembered for the first 500 spellings: a known name is already a key, a new one is made. */
function known(spelling: string): Name {
  const before = names.get(spelling)
  if (before !== undefined) return before
  const name = spelling.toLowerCase()
  const made = { name, slot: slots.get(name), hop: hopByHop.has(name) }
  if (names.size < 500) names.set(spelling, made)
  return made
}
