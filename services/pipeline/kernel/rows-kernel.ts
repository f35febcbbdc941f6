/** The kernel's part for tall files, source/rows.as.ts, as functions: normalise/simple-rows.ts uses it. */

/** What is asked of a column behind the shared ones: as in source/memory.as.ts. */
export const columnKinds = {
  same: 0,
  blank: 1,
  payer: 2,
  plan: 3,
  dollar: 4,
  percentage: 5,
  statistic: 6,
  count: 7,
  methodology: 8,
  text: 9,
} as const

export type ColumnKind = (typeof columnKinds)[keyof typeof columnKinds]

/** Places of a row's numbers in `rows`. */
export const rowFields = { start: 0, finish: 1, pair: 2, has: 3, low: 4, high: 5, cells: 6 } as const
/** Of each of its cells. */
export const cellFields = { start: 0, end: 1, value: 2, size: 3 } as const

export type RowsExports = {
  columnsAt: { value: number }
  columnBytes: { value: number }
  mostColumns: { value: number }
  rowsAt: { value: number }
  rowBytes: { value: number }
  mostRows: { value: number }
  feeds: { value: number }
  carriages: { value: number }
  take(
    at: number,
    end: number,
    prefix: number,
    prefixLength: number,
    columns: number,
    shared: number,
    base: number,
  ): number
  learn(
    kind: number,
    start: number,
    end: number,
    secondStart: number,
    secondEnd: number,
    value: number,
  ): number
  learnSet(has: number): void
}

export type RowsKernel = ReturnType<typeof createRowsKernel>

export function createRowsKernel(kernel: RowsExports, buffer: ArrayBuffer) {
  const rowsAt = kernel.rowsAt.value
  const rowBytes = kernel.rowBytes.value
  const mostRows = kernel.mostRows.value
  const columnInts = kernel.columnBytes.value / 4
  const columns = new Int32Array(buffer, kernel.columnsAt.value, kernel.mostColumns.value * columnInts)

  return {
    mostColumns: kernel.mostColumns.value,
    /** What `take` says of the rows it took: `rowInts` numbers each, by `rowFields`. */
    rows: new Int32Array(buffer, rowsAt, (mostRows * rowBytes) / 4),
    rowInts: rowBytes / 4,
    column(index: number, kind: ColumnKind, flag: number, cell: number) {
      columns.set([kind, flag, cell], index * columnInts)
    },
    /** Of a column that has to say the same: where it is said. */
    kept(index: number, bytes: Buffer, start: number, end: number) {
      columns[index * columnInts + 3] = bytes.byteOffset + start
      columns[index * columnInts + 4] = bytes.byteOffset + end
    },
    take(
      bytes: Buffer,
      at: number,
      end: number,
      prefix: number,
      prefixLength: number,
      columnCount: number,
      shared: number,
    ): number {
      const base = bytes.byteOffset
      return kernel.take(base + at, base + end, base + prefix, prefixLength, columnCount, shared, base)
    },
    /** Of the rows that `take` took: how they ended. */
    endings: () => ({ lf: kernel.feeds.value, crlf: kernel.carriages.value }),
    learnPair(
      bytes: Buffer,
      payerStart: number,
      payerEnd: number,
      planStart: number,
      planEnd: number,
      pair: number,
    ) {
      const base = bytes.byteOffset
      kernel.learn(
        columnKinds.payer,
        base + payerStart,
        base + payerEnd,
        base + planStart,
        base + planEnd,
        pair,
      )
    },
    /** Whether there was room. */
    learnWord(kind: ColumnKind, bytes: Buffer, start: number, end: number, value: number): boolean {
      const base = bytes.byteOffset
      return kernel.learn(kind, base + start, base + end, 0, 0, value) !== 0
    },
    /** A row that has all this breaks no rule. */
    learnSet: (has: number) => kernel.learnSet(has),
  }
}
