/**
 * kernel.wasm in a memory of its own, as functions. What they do is said in kernel/, its source; README.md has the idea.
 * The CSV scanner's bytes stand in the same memory, so nothing is copied to be looked at.
 */
import { readFileSync } from 'node:fs'

/** What is asked of a column behind the shared ones: as in kernel/memory.as.ts. */
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

type Exports = {
  columnsAt: { value: number }
  columnBytes: { value: number }
  mostColumns: { value: number }
  rowsAt: { value: number }
  rowBytes: { value: number }
  mostRows: { value: number }
  bytesAt: { value: number }
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
  reset(): void
}

/** TypeScript has these among the types of browsers only. */
declare const WebAssembly: {
  Memory: new (pages: { initial: number; maximum: number }) => { buffer: ArrayBuffer }
  Module: new (bytes: Uint8Array) => object
  Instance: new (module: object, imports: object) => { exports: unknown }
}

/** Of 64 KiB, as the kernel is compiled for. */
const pages = 40
/** Of each of the two stretches for a scanner's bytes. */
export const stretchBytes = 1 << 20
/** The kernel loads 16 bytes a step, also at the end. */
const slack = 64

export type Kernel = ReturnType<typeof instantiate>

/** Undefined where the machine has none: a processor without SIMD, a limit on address space. All rows are read without it then. */
export function openKernel(): Kernel | undefined {
  try {
    return instantiate()
  } catch {
    return undefined
  }
}

function instantiate() {
  const module = new WebAssembly.Module(readFileSync(new URL('./kernel.wasm', import.meta.url)))
  const memory = new WebAssembly.Memory({ initial: pages, maximum: pages })
  const { exports } = new WebAssembly.Instance(module, { env: { memory } })
  const kernel = exports as Exports
  const { buffer } = memory
  const bytesAt = kernel.bytesAt.value
  const rowsAt = kernel.rowsAt.value
  const rowBytes = kernel.rowBytes.value
  const mostRows = kernel.mostRows.value
  const columnInts = kernel.columnBytes.value / 4
  const columns = new Int32Array(buffer, kernel.columnsAt.value, kernel.mostColumns.value * columnInts)

  return {
    /** Forgets all that was learnt: another file. */
    reset: () => kernel.reset(),
    mostColumns: kernel.mostColumns.value,
    /** Where a scanner keeps its bytes by turns. */
    stretches: [
      Buffer.from(buffer, bytesAt, stretchBytes),
      Buffer.from(buffer, bytesAt + stretchBytes + slack, stretchBytes),
    ] as const,
    /** What `take` says of the rows it took: `rowInts` numbers each, by `rowFields`. */
    rows: new Int32Array(buffer, rowsAt, (mostRows * rowBytes) / 4),
    rowInts: rowBytes / 4,
    /** Whether the kernel can see these bytes. */
    sees: (bytes: Buffer) => bytes.buffer === buffer,
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
