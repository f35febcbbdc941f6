/**
 * Rows of payers that the database has not named yet. They are written but for the ids of payer and plan, which lead
 * their row, and wait here; `release` puts them behind the others of their table.
 */
import { CopyBuffer } from './copy-buffer.ts'
import type { Pair } from './payers.ts'

export type Named = 'rate_blocks' | 'modifiers'

export class HeldRows {
  readonly out = new CopyBuffer(1 << 14)
  private rows: { pairs: readonly Pair[]; table: Named; start: number }[] = []

  /** The next row written to `out` waits for these. */
  begin(table: Named, pairs: readonly Pair[]): void {
    this.rows.push({ pairs, table, start: this.out.length })
  }

  /** `writeIds` writes the ids of the pairs into their table's buffer and gives it. */
  release(writeIds: (table: Named, pairs: readonly Pair[]) => CopyBuffer): void {
    this.rows.forEach(({ pairs, table, start }, index) => {
      const end = this.rows[index + 1]?.start ?? this.out.length
      const buffer = writeIds(table, pairs)
      buffer.written(this.out.bytes, start, end)
      buffer.endRow()
    })
    this.rows = []
    this.out.clear()
  }
}
