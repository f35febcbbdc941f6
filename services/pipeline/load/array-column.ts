/**
 * One column of a block of rates on its way to COPY: the elements of an array of Postgres, `1.50,NULL,2,`, in the text of
 * an array within the text of COPY (postgresql.org/docs/current/arrays.html#ARRAYS-IO). Most columns of a block are blank,
 * so blanks are counted and only written when a value comes after them.
 */
import { readNumber } from '../rules/values.ts'
import { cellText } from '../scan/encoding.ts'
import { CopyBuffer, comma } from './copy-buffer.ts'

export class ArrayColumn {
  private readonly text = new CopyBuffer(512)
  /** Elements in `text`; blanks that follow them are not. */
  private filled = 0

  /** Element `at` (from 0): a number with the digits of the cell, as rules/values.ts reads it; blank when it is none. */
  number(at: number, source: Buffer, start: number, end: number): void {
    this.fillTo(at)
    if (!this.text.digits(source, start, end, comma)) {
      const read = readNumber(cellText(source, start, end))
      if (read === undefined) return
      this.text.element(read)
    }
    this.filled = at + 1
  }

  integer(at: number, value: number): void {
    this.fillTo(at)
    this.text.integer(value, comma)
    this.filled = at + 1
  }

  /** Element `at`: bytes that are one, as `CopyBuffer.element` writes them. */
  written(at: number, element: Buffer): void {
    this.fillTo(at)
    this.text.written(element, 0, element.length)
    this.filled = at + 1
  }

  private fillTo(at: number): void {
    if (this.filled < at) this.text.nullElements(at - this.filled)
    this.filled = at
  }

  /** The array of `count` elements, or null when all are blank; then empty again. */
  take(out: CopyBuffer, count: number): void {
    if (this.filled === 0) {
      out.null()
      return
    }
    this.fillTo(count)
    out.beginArray()
    out.written(this.text.bytes, 0, this.text.length)
    out.endArray()
    this.text.clear()
    this.filled = 0
  }
}
