/**
 * CSV records as offsets into a buffer (RFC 4180, and what hospitals make of it). No strings are made here: a record is
 * where its fields start and end, and whoever needs a field reads it from `bytes`.
 *
 *   scanner.push(chunk); while (scanner.next()) use(scanner)   …   scanner.end(); while (scanner.next()) use(scanner)
 *
 * Beyond RFC 4180:
 *  - records end with LF, CRLF or both in one file; a lone CR ends a record only in a file that is made of them;
 *  - a stray quote inside a quoted field is kept as text (`strayQuotes`);
 *  - a quoted field that is never closed must not swallow the rows after it. The first sign (text right after a closing
 *    quote that stands on a later line, the end of the file, a field longer than any cell) takes the scanner back to the
 *    end of the line on which the field began: that line is a record with `unclosed` set, and the rows after it are
 *    read as rows.
 */
import { isAscii } from 'node:buffer'
import { createByteView } from './byte-view.ts'
import { type ChunkJoiner, createChunkJoiner } from './chunk-joiner.ts'
import { type CsvLimits, csvLimits, tooLong, tooManyUnclosed } from './csv-limits.ts'
import { lineEnd } from './csv-line-ends.ts'
import { countOf, pastBlanks, pastCarriages, undouble } from './csv-quotes.ts'
import { CsvRecord } from './csv-record.ts'
import { wholeLinesAreUtf8 } from './encoding.ts'

const comma = 0x2c
const quote = 0x22
const lf = 0x0a
const cr = 0x0d

export class CsvScanner extends CsvRecord {
  private readonly viewOf = createByteView()
  private readonly joiner: ChunkJoiner
  private position = 0
  private streamOffset = 0
  private ended = false
  private recoveries = 0
  // Where the scan of the current record stands, so that it goes on after the next chunk.
  private inQuotes = false
  private fieldStart = 0
  private newlineAt = -1
  private dirty = 0
  private prefixPlain = true
  // The same stretch of the record before, while its bytes are held.
  private lastStart = -1
  private lastEnd = -1

  /** `stretches`: where bytes are kept, see chunk-joiner.ts. */
  constructor(limits: CsvLimits = csvLimits, stretches?: readonly [Buffer, Buffer]) {
    super(limits)
    this.joiner = createChunkJoiner(stretches)
  }

  /** Adds bytes, which are copied. Voids the offsets of the record before. */
  push(chunk: Buffer): void {
    if (this.finish > this.start) this.begin(this.finish)
    const rest = this.held - this.start
    this.hasNul = (rest > 0 && this.hasNul) || chunk.includes(0)
    this.bytes = this.joiner.join(this.bytes.subarray(this.start, this.held), chunk)
    this.held = rest + chunk.length
    this.shift(this.start)
    this.lastEnd = -1
    this.wellEncoded = wholeLinesAreUtf8(this.bytes)
  }

  /** No bytes follow: what is held is the last record. */
  end(): void {
    this.ended = true
    this.wellEncoded = isAscii(this.bytes)
  }

  private shift(by: number): void {
    if (by === 0) return
    this.streamOffset += by
    this.position -= by
    this.fieldStart -= by
    if (this.newlineAt >= 0) this.newlineAt -= by
    if (this.prefixEnd >= 0) this.prefixEnd -= by
    this.shiftFields(-by, this.count)
    this.start = 0
    this.finish = 0
  }

  /** Scans the next record; false when more bytes are needed or, after `end()`, when there is none. */
  next(): boolean {
    if (this.finish > this.start) {
      this.begin(this.finish)
      if (this.lastEnd >= 0) this.repeat()
    }
    if (this.ended && this.start === this.held) return false
    for (;;) {
      const found = this.inQuotes ? this.quoted() : this.fieldAt()
      if (found === more) return this.ended ? this.last() : this.wait()
      if (found === record) return true
    }
  }

  private begin(at: number): void {
    this.lastStart = this.start
    this.lastEnd = this.prefixEnd
    this.prefixEnd = -1
    this.prefixPlain = true
    this.repeated = 0
    this.start = at
    this.finish = at
    this.position = at
    this.count = 0
    this.line += this.linesPast
    this.linesPast = 0
    this.unclosed = false
    this.strayQuotes = false
    this.filled = false
  }

  /** Takes over the first fields of the record before if the same bytes stand here. */
  private repeat(): void {
    const { bytes, start, lastStart, repeating } = this
    const by = start - lastStart
    const end = this.lastEnd + by
    if (end > this.held) return
    const view = this.viewOf(bytes)
    let at = start
    for (; at + 4 <= end; at += 4) if (view.getInt32(at) !== view.getInt32(at - by)) return
    for (; at < end; at++) if (bytes[at] !== bytes[at - by]) return
    this.shiftFields(by, repeating)
    this.count = repeating
    this.repeated = repeating
    this.prefixEnd = end
    this.position = end
  }

  private wait(): boolean {
    if (this.held - this.start <= this.limits.recordBytes) return false
    if (this.inQuotes && this.newlineAt >= 0) return this.recover() === record
    throw tooLong(this.row + 1, this.line, this.streamOffset + this.start, this.limits)
  }

  /** From the start of a field to its delimiter, for fields without quotes; hands over to `quoted`. */
  private fieldAt(): number {
    const { bytes, held } = this
    let at = this.position
    let start = this.dirty === unquotedPending ? this.fieldStart : at
    this.dirty = 0
    for (;;) {
      if (at >= held) return this.pause(at, start)
      if (at === start && bytes[at] === quote) return this.open(at + 1)
      // Delimiters all lie at or below the comma, so one comparison passes over most bytes.
      let byte = bytes[at] ?? 0
      while (byte > comma || (byte !== comma && byte !== lf && byte !== cr)) {
        if (++at >= held) return this.pause(at, start)
        byte = bytes[at] ?? 0
      }
      if (byte === comma) {
        this.add(start, at)
        start = ++at
        if (this.count === this.repeating && this.prefixPlain) this.prefixEnd = at
        continue
      }
      const ending = lineEnd(bytes, at, held, this.ended, this.endings)
      if (ending === more) return this.pause(at, start)
      if (ending === 0) {
        at++
        continue
      }
      this.add(start, at)
      return this.finished(at + ending)
    }
  }

  private pause(at: number, start: number): number {
    this.fieldStart = start
    this.dirty = unquotedPending
    return this.stopAt(at)
  }

  /** More bytes have to come; the scan goes on from `at`. */
  private stopAt(at: number): number {
    this.position = at
    return more
  }

  /** A quoted field begins. */
  private open(at: number): number {
    this.inQuotes = true
    this.fieldStart = at
    this.position = at
    this.newlineAt = -1
    this.dirty = 0
    return again
  }

  /** Inside a quoted field, up to its closing quote. */
  private quoted(): number {
    const { bytes, held } = this
    let at = this.position
    for (; at < held; at++) {
      const byte = bytes[at] ?? 0
      if (byte > quote || (byte !== quote && byte !== lf)) continue
      if (byte === lf) {
        if ((this.dirty & stray) !== 0) return this.recover(at)
        if (this.newlineAt < 0) this.newlineAt = at
        else if (at - this.fieldStart > this.limits.multilineBytes) return this.recover()
        continue
      }
      if (at + 1 >= held && !this.ended) break
      const next = at + 1 < held ? (bytes[at + 1] ?? 0) : lf
      if (next === quote) {
        this.dirty |= doubled
        at++
      } else if (next === comma || next === lf || next === cr) return this.close(at)
      else {
        const after = next === 0x20 || next === 0x09 ? pastBlanks(bytes, at + 1, held, this.ended) : 0
        if (after < 0) break
        if (after > 0) return this.close(at, after)
        if (this.newlineAt >= 0) return this.recover()
        this.dirty |= stray
        this.strayQuotes = true
      }
    }
    return this.stopAt(at)
  }

  /** The closing quote is at `at`; the field's delimiter at `after`, behind blanks that belong to nothing. */
  private close(at: number, after = at + 1): number {
    const byte = after < this.held ? this.bytes[after] : lf
    let length = 1
    if (byte !== comma) {
      length = after < this.held ? lineEnd(this.bytes, after, this.held, this.ended, this.endings) : 0
      if (length === more) return this.stopAt(at)
      if (byte === cr && length === 0) return this.pastCarriage(at, after)
    }
    if (this.newlineAt >= 0) this.linesPast += countOf(lf, this.bytes, this.newlineAt, at)
    this.add(this.fieldStart, (this.dirty & doubled) === 0 ? at : undouble(this.bytes, this.fieldStart, at))
    if (this.dirty !== 0 || this.newlineAt >= 0) this.prefixPlain = false
    if (this.count === this.repeating && byte === comma && this.prefixPlain) this.prefixEnd = after + length
    const next = after + length
    if (byte === comma && next < this.held && this.bytes[next] === quote) return this.open(next + 1)
    this.inQuotes = false
    this.dirty = 0
    this.position = next
    return byte === comma ? again : this.finished(next)
  }

  /** A CR that ends no line stands at `after`, behind the closing quote: it belongs to nothing, if a field ends there. */
  private pastCarriage(at: number, after: number): number {
    const next = pastCarriages(this.bytes, after, this.held, this.ended)
    if (next < 0) return this.stopAt(at)
    if (next > 0) return this.close(at, next)
    this.dirty |= stray
    this.strayQuotes = true
    this.position = after + 1
    return again
  }

  /** The quote was never closed: the record is the line it stands on. */
  private recover(lineEnd: number = this.newlineAt): number {
    this.recoveries++
    // Each recovery may have read ahead by `multilineBytes`; a file made of them must not take for ever.
    if (this.recoveries > 20_000 && this.recoveries > this.row / 2) throw tooManyUnclosed(this.row + 1)
    const textEnd = this.bytes[lineEnd - 1] === cr ? lineEnd - 1 : lineEnd
    this.add(this.fieldStart, Math.max(this.fieldStart, textEnd))
    this.inQuotes = false
    this.dirty = 0
    this.unclosed = true
    return this.finished(lineEnd + 1)
  }

  /** After `end()`: what is left is a record without a newline. */
  private last(): boolean {
    if (this.inQuotes) {
      this.recover(this.newlineAt >= 0 ? this.newlineAt : this.held)
      this.finish = Math.min(this.finish, this.held)
      this.length = this.finish - this.start
      return true
    }
    this.add(this.fieldStart, this.held)
    this.dirty = 0
    this.finished(this.held)
    this.linesPast--
    return true
  }

  private finished(at: number): number {
    this.finish = at
    this.row++
    this.linesPast++
    this.offset = this.streamOffset + this.start
    this.length = at - this.start
    return record
  }
}

const again = 0
const record = -2
const more = -1
const doubled = 1
const stray = 2
/** `dirty` while an unquoted field waits for more bytes: it began at `fieldStart`. */
const unquotedPending = 4
