/** Tells whether some cells of a row equal those of an earlier row, by bytes. */

import type { Row } from '../load/rows.ts'
import { createByteView } from '../scan/byte-view.ts'
import { cellText } from '../scan/encoding.ts'

export class SameCells {
  private readonly columns: Int32Array
  private kept: Buffer = Buffer.allocUnsafeSlow(1024)
  private keptView: DataView<ArrayBufferLike> = new DataView(this.kept.buffer)
  private readonly viewOf = createByteView()
  /** Where each kept cell ends in `kept`. */
  private readonly ends: Int32Array

  constructor(columns: number[]) {
    this.columns = Int32Array.from(columns)
    this.ends = new Int32Array(columns.length)
  }

  /** `from`: the place in the list of columns of the first that is compared. */
  same(row: Row, from = 0): boolean {
    const { columns, keptView, ends } = this
    const view = this.viewOf(row.bytes)
    let held = from === 0 ? 0 : (ends[from - 1] ?? 0)
    for (let index = from; index < columns.length; index++) {
      const column = columns[index] ?? 0
      let at = row.starts[column] ?? 0
      const end = row.ends[column] ?? 0
      const heldEnd = ends[index] ?? 0
      if (heldEnd - held !== end - at) return false
      for (; at + 4 <= end; at += 4, held += 4)
        if (keptView.getInt32(held) !== view.getInt32(at)) return false
      for (; at < end; at++, held++) if (keptView.getUint8(held) !== view.getUint8(at)) return false
    }
    return true
  }

  keep(row: Row): void {
    let length = 0
    for (let index = 0; index < this.columns.length; index++) {
      const column = this.columns[index] ?? 0
      const start = row.starts[column] ?? 0
      const end = row.ends[column] ?? 0
      if (length + end - start > this.kept.length) {
        const grown = Buffer.allocUnsafeSlow((length + end - start) * 2)
        this.kept.copy(grown, 0, 0, length)
        this.kept = grown
        this.keptView = new DataView(grown.buffer)
      }
      const { kept } = this
      // Cells are short: a call into C++ costs more than this.
      for (let at = start; at < end; at++) kept[length++] = row.bytes[at] ?? 0
      this.ends[index] = length
    }
  }

  /** A kept cell, by its place in the list of columns. */
  text(index: number): string {
    return cellText(this.kept, this.ends[index - 1] ?? 0, this.ends[index] ?? 0)
  }

  /** The kept cells as a key: their lengths and bytes. */
  key(): string {
    return `${this.ends.join(',')};${this.kept.toString('latin1', 0, this.ends.at(-1) ?? 0)}`
  }
}
