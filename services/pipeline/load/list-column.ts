/**
 * One column of a block of rates on its way to COPY: a list, `1.50,,2`, whose places are those of the rates. Most columns of a
 * block are blank, so blanks are counted and only written when a value comes after them.
 */
import { readNumber } from '../rules/values.ts'
import { cellText } from '../scan/encoding.ts'
import { CopyBuffer, comma } from './copy-buffer.ts'

export class ListColumn {
  private readonly text = new CopyBuffer(512)
  /** Places in `text`. */
  private filled = 0

  /** Place `at` (from 0): a number with the digits of the cell, as rules/values.ts reads it; blank when it is none. */
  number(at: number, source: Buffer, start: number, end: number): void {
    this.fillTo(at)
    if (!this.text.digits(source, start, end, comma)) {
      const read = readNumber(cellText(source, start, end))
      if (read === undefined) return
      this.text.text(read, comma)
    }
    this.filled = at + 1
  }

  integer(at: number, value: number): void {
    this.fillTo(at)
    this.text.integer(value, comma)
    this.filled = at + 1
  }

  private fillTo(at: number): void {
    if (this.filled < at) this.text.commas(at - this.filled)
    this.filled = at
  }

  /** The list up to its last value, or null when all are blank; then empty again. */
  take(out: CopyBuffer): void {
    if (this.filled === 0) {
      out.null()
      return
    }
    out.written(this.text.bytes, 0, this.text.length)
    out.endList()
    this.text.clear()
    this.filled = 0
  }
}
