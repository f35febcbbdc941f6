/** One record of a CSV as a scanner shows it: where its fields stand in a buffer, and what was odd about it. */
import { CsvLimitError, type CsvLimits } from './csv-limits.ts'
import type { LineEnds } from './csv-line-ends.ts'
import { skipBlanks, skipBlanksBack } from './encoding.ts'

export class CsvRecord {
  /** What the offsets point into; replaced by `push`. */
  bytes: Buffer = Buffer.alloc(0)
  /** Whether the whole records held are UTF-8 without U+FFFD, so that none needs a look at its encoding. */
  wellEncoded = true
  /** Whether a NUL byte is held. */
  hasNul = false
  /** How many of `bytes` are of the file. */
  held = 0
  /** How many records ended with LF, CRLF and CR. */
  readonly endings: LineEnds = { lf: 0, crlf: 0, cr: 0 }
  /** Fields of the current record; quotes and blanks around their text are outside of `starts`–`ends`. */
  count = 0
  starts = new Int32Array(256)
  ends = new Int32Array(256)
  /** 1-based number of the record in the file: the spreadsheet's row number. */
  row = 0
  /** 1-based physical line on which the record starts. */
  line = 1
  /** Where the record starts in `bytes`, and where its terminator ends. */
  start = 0
  finish = 0
  /** Offset and length of the record in the stream, its terminator included. */
  offset = 0
  length = 0
  unclosed = false
  strayQuotes = false
  /** Whether a field holds something, those that repeat the record before not looked at. */
  filled = false
  /**
   * Asked for: how many fields at the start of a record often repeat those of the one before (a tall file's item). They are
   * compared as one stretch of bytes instead of being scanned; 0 for none.
   */
  repeating = 0
  /** Fields at the start of this record that are, byte for byte, those of the record before: `repeating` of them or 0. */
  repeated = 0
  /**
   * Where the repeating fields of this record end, their last comma included; -1 when there are fewer or they hold what a
   * comparison would miss (doubled or stray quotes, line ends).
   */
  prefixEnd = -1
  protected readonly limits: CsvLimits
  /** From where the record starts to where the next one does. */
  protected linesPast = 0

  constructor(limits: CsvLimits) {
    this.limits = limits
  }

  /** The next field, quotes apart. */
  protected add(start: number, end: number): void {
    if (this.count === this.starts.length) this.widen()
    let from = start
    let to = end
    if (start < end) {
      const { bytes } = this
      const first = bytes[start] ?? 0
      const last = bytes[end - 1] ?? 0
      // Blanks, or a byte beyond ASCII that one of Unicode may begin or end with: few fields have them.
      if (first <= 0x20 || last <= 0x20 || first >= 0xc2 || last >= 0x80) {
        from = skipBlanks(bytes, start, end)
        to = skipBlanksBack(bytes, from, end)
      }
      if (from < to) this.filled = true
    }
    this.starts[this.count] = from
    this.ends[this.count] = to
    this.count++
  }

  private widen(): void {
    if (this.count >= this.limits.fields)
      throw new CsvLimitError('fields', `row ${this.row + 1} has more than ${this.limits.fields} columns`)
    this.reserve(Math.min(this.count * 2, this.limits.fields + 1))
  }

  /** Makes room for the offsets of this many fields. */
  reserve(size: number): void {
    if (size <= this.starts.length) return
    const starts = new Int32Array(size)
    const ends = new Int32Array(size)
    starts.set(this.starts)
    ends.set(this.ends)
    this.starts = starts
    this.ends = ends
  }

  /**
   * Goes on to a record that begins with the repeating fields of this one, past those between the two, which somebody else has
   * read: a line each. `count`: how many they are, the last one included; `ends`: how their lines end.
   */
  passOver(count: number, start: number, finish: number, { lf, crlf }: Pick<LineEnds, 'lf' | 'crlf'>): void {
    const by = start - this.start
    this.shiftFields(by, this.repeating)
    this.prefixEnd += by
    this.offset += by
    this.start = start
    this.finish = finish
    this.length = finish - start
    this.row += count
    this.line += this.linesPast + count - 1
    this.linesPast = 1
    this.endings.lf += lf
    this.endings.crlf += crlf
  }

  /** Moves all offsets of fields that were found so far. */
  protected shiftFields(by: number, to: number): void {
    for (let field = 0; field < to; field++) {
      this.starts[field] = (this.starts[field] ?? 0) + by
      this.ends[field] = (this.ends[field] ?? 0) + by
    }
  }
}
