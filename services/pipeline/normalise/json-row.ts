/** A JSON element laid out as a row: each column points at the token of its value, so that rows.ts can write it. */
import type { Row } from '../load/rows.ts'
import type { Word } from '../load/vocabulary.ts'
import type { RuleName } from '../rules/catalogue.ts'
import { cutCell, type Findings, type Place, pointerPart } from '../rules/findings.ts'
import { from30, type Span, until22 } from '../rules/rule.ts'
import { numberKind, otherNumber, plainNumber, readNumber } from '../rules/values.ts'
import { cellText } from '../scan/encoding.ts'
import { type JsonTape, kind } from '../scan/json-tape.ts'
import type { KeyTable } from './json-shape.ts'
import { column } from './json-shape.ts'

/** The templates in which a number has to be above zero, and one that can be read. */
type NumberSpans = { aboveZero: Span | undefined; readable: Span | undefined }

export class JsonRow implements Row {
  readonly starts = new Int32Array(column.none + 1)
  readonly ends = new Int32Array(column.none + 1)
  row = 0
  offset = 0
  length = 0
  /** JSON pointer of the element. */
  pointer = ''
  readonly tape: JsonTape
  private readonly findings: Findings

  constructor(tape: JsonTape, findings: Findings) {
    this.tape = tape
    this.findings = findings
  }

  get bytes(): Buffer {
    return this.tape.bytes
  }

  /** Blanks the columns from `first` to before `end`. */
  clear(first: number, end: number): void {
    const { starts, ends } = this
    // A dozen: two calls of `fill` take longer.
    for (let at = first; at < end; at++) {
      starts[at] = 0
      ends[at] = 0
    }
  }

  filled(at: number): boolean {
    return (this.starts[at] ?? 0) < (this.ends[at] ?? 0)
  }

  text(at: number): string {
    return cellText(this.bytes, this.starts[at] ?? 0, this.ends[at] ?? 0)
  }

  find(rule: RuleName, pointer: string, token = -1, fill?: Record<string, string>, span?: Span): void {
    this.findings.add(rule, () => this.place(pointer, token, fill), span)
  }

  /** What is missing there; for rules that many rows break, which are shown a hundred times at most. */
  findAt(rule: RuleName, pointer: () => string): void {
    this.findings.add(rule, () => this.place(pointer(), -1, undefined))
  }

  private place(pointer: string, token: number, fill: Record<string, string> | undefined): Place {
    const { tape } = this
    const kinds = tape.kinds[token] ?? 0
    const shown = token >= 0 && kinds > kind.array
    return {
      row: this.row,
      cell: `${this.pointer}${pointer}`,
      ...(shown && { value: cutCell(tape.bytes, tape.starts[token] ?? 0, tape.ends[token] ?? 0) }),
      ...(fill && { fill }),
    }
  }

  /**
   * The value tokens of an object by their key's number, 0 for an absent key. `other` is told of every member that has no
   * column: keys that the template does not name, and, as `known`, lists and objects in the place of a value. Reports keys that
   * stand twice (unless `pointer` is undefined): the last counts, `other` is told of those before. A former spelling counts where
   * the object has no other; beside one it is a key that the template does not name.
   */
  members(
    object: number,
    keys: KeyTable,
    into: Int32Array,
    pointer: string | (() => string) | undefined,
    other: (key: number, known: boolean) => void,
  ): void {
    const { tape } = this
    into.fill(0)
    const end = tape.after[object] ?? 0
    for (let key = object + 1; key < end; key = tape.after[key + 1] ?? end) {
      const which = keys.find(tape, key)
      if (which < 0) {
        other(key, false)
        continue
      }
      const before = into[which] ?? 0
      if (before !== 0 && tape.text(before - 1) !== tape.text(key)) {
        const former = tape.text(key) === keys.spelling(which) ? before - 1 : key
        other(former, false)
        if (former === key) continue
      } else if (before !== 0) {
        other(before - 1, true)
        const at = typeof pointer === 'function' ? pointer() : pointer
        const name = tape.text(key)
        if (at !== undefined) this.find('duplicateKey', `${at}/${pointerPart(name)}`, key + 1, { name })
      }
      into[which] = key + 1
      if ((tape.kinds[key + 1] ?? 0) <= kind.array && !keys.holdsMore(which)) other(key, true)
    }
  }

  /**
   * Points a column at a text; true when it holds more than blanks. A number or boolean is taken as its text, and reported;
   * `empty` is the rule that a text without characters breaks, where there is one; `span`: the templates that ask for a text.
   */
  string(at: number, token: number, pointer: string, empty?: RuleName, span?: Span): boolean {
    if (token === 0) return false
    const { tape } = this
    const which = tape.kinds[token] ?? 0
    const name = pointer.slice(pointer.lastIndexOf('/') + 1)
    if (which !== kind.string) this.find('valueType', pointer, token, { name, type: 'a string' }, span)
    else if (empty && tape.starts[token] === tape.ends[token]) this.find(empty, pointer, token, { name })
    return this.point(at, token)
  }

  /** Points a column at the text of a token, trimmed; true when there is any. */
  point(at: number, token: number): boolean {
    const { bytes, starts, ends, kinds } = this.tape
    const which = kinds[token] ?? 0
    if (token === 0 || which <= kind.array || which === kind.null) return false
    let start = starts[token] ?? 0
    let end = ends[token] ?? 0
    while (start < end && (bytes[start] ?? 0) <= 0x20) start++
    while (start < end && (bytes[end - 1] ?? 0) <= 0x20) end--
    this.starts[at] = start
    this.ends[at] = end
    return start < end
  }

  /** Whether the text that the column points at is the word as the template spells it, without a blank beside it. */
  spells({ exact }: Word, at: number, token: number): boolean {
    const { starts, ends } = this.tape
    return exact && this.starts[at] === starts[token] && this.ends[at] === ends[token]
  }

  /** Points a column at a number and checks it. 0 absent, 1 readable, -1 not. `span`: the templates that know the key. */
  number(at: number, token: number, pointer: string, span?: Span): 0 | 1 | -1 {
    const which = this.tape.kinds[token] ?? 0
    const name = pointer.slice(pointer.lastIndexOf('/') + 1)
    if (token !== 0 && which !== kind.number)
      this.find('valueType', pointer, token, { name, type: 'a number' }, span)
    return this.readNumber(at, token, pointer, { aboveZero: span, readable: span })
  }

  /** A number that templates before 3.0 ask to be written as a text. */
  numberOrText(at: number, token: number, pointer: string): 0 | 1 | -1 {
    const { tape } = this
    const which = tape.kinds[token] ?? 0
    const name = pointer.slice(pointer.lastIndexOf('/') + 1)
    if (token === 0) return 0
    if (which !== kind.string) this.find('valueType', pointer, token, { name, type: 'a string' }, until22)
    else if (tape.starts[token] === tape.ends[token])
      this.find('valueEmpty', pointer, token, { name }, until22)
    if (which !== kind.number) this.find('valueType', pointer, token, { name, type: 'a number' }, from30)
    return this.readNumber(at, token, pointer, { aboveZero: from30, readable: undefined })
  }

  private readNumber(at: number, token: number, pointer: string, spans: NumberSpans): 0 | 1 | -1 {
    const which = this.tape.kinds[token] ?? 0
    if (token === 0 || (which !== kind.number && which !== kind.string) || !this.point(at, token)) return 0
    const start = this.starts[at] ?? 0
    const end = this.ends[at] ?? 0
    const written = numberKind(this.bytes, start, end)
    if (written === plainNumber) return 1
    const text = this.text(at)
    const read = written === otherNumber ? readNumber(text) : '0'
    // 1.5e3 is a number above zero in JSON, where CMS asks for the value and not for its spelling; a text is told above.
    if (which === kind.number) {
      const name = pointer.slice(pointer.lastIndexOf('/') + 1)
      if (!Number.isFinite(Number(text)))
        this.find('valueType', pointer, token, { name, type: 'a number' }, spans.aboveZero)
      else if (!(Number(text) > 0)) this.find('number', pointer, token, undefined, spans.aboveZero)
      else if (read !== undefined) return 1
    }
    if (read === undefined) this.find('numberUnreadable', pointer, token, undefined, spans.readable)
    return read === undefined ? -1 : 1
  }
}
