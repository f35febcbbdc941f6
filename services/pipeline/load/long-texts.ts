/** Notes and algorithms: long, and often the same for thousands of rates, so each is stored once while it is remembered. */
import { ByteIndex } from './byte-index.ts'
import type { CopyBuffer } from './copy-buffer.ts'
import type { Row } from './rows.ts'

/** Distinct texts remembered per file; beyond it they are forgotten and may repeat. Each takes some 50 bytes beside its own. */
const most = { bytes: 24 << 20, texts: 1 << 18 }

export type LongTexts = {
  readonly count: number
  /** The id of a cell's text, counted from `base + 1`; 0 for a blank cell. A new one is written to `out`. */
  idOf(row: Row, column: number, out: CopyBuffer): number
}

export function createLongTexts(fileId: number, base: number): LongTexts {
  const ids = new ByteIndex({ arenaBytes: 1 << 16 })
  let count = 0
  return {
    get count() {
      return count
    },
    idOf({ bytes, starts, ends }, column, out) {
      const start = starts[column] ?? 0
      const end = ends[column] ?? 0
      if (start >= end) return 0
      const known = ids.find(bytes, start, end)
      if (known >= 0) return known
      const id = base + ++count
      if (ids.keyBytes > most.bytes || ids.size === most.texts) {
        ids.clear()
        ids.find(bytes, start, end)
      }
      ids.add(bytes, start, end, id)
      out.integer(id)
      out.integer(fileId)
      out.cell(bytes, start, end)
      out.endRow()
      return id
    },
  }
}
