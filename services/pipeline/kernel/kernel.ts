/**
 * kernel.wasm in a memory of its own: what would be too slow in JavaScript. README.md has the idea, source/ the code. Scanners
 * keep their bytes in the same memory, so nothing is copied to be looked at.
 */
import { readFileSync } from 'node:fs'
import { createRowsKernel, type RowsExports } from './rows-kernel.ts'
import { createTapeKernel, type TapeExports } from './tape-kernel.ts'

type Exports = RowsExports &
  TapeExports & {
    bytesAt: { value: number }
    printLow: { value: number }
    printHigh: { value: number }
    printOf(start: number, end: number): void
    reset(): void
  }

/** TypeScript has these among the types of browsers only. */
declare const WebAssembly: {
  Memory: new (pages: { initial: number; maximum: number }) => { buffer: ArrayBuffer }
  Module: new (bytes: Uint8Array) => object
  Instance: new (module: object, imports: object) => { exports: unknown }
}

/** Of 64 KiB, as the kernel is compiled for: scripts/build-kernel.sh. */
const pages = 54
/** Of each of the two stretches for a scanner's bytes. */
const stretchBytes = 1 << 20
/** The kernel loads 16 bytes a step, also at the end. */
const slack = 64

export type Kernel = ReturnType<typeof instantiate>

/** Undefined where the machine has none: a processor without SIMD, a limit on address space. All is read without it then. */
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
  const { buffer } = memory
  const exports = new WebAssembly.Instance(module, { env: { memory } }).exports as Exports
  const bytesAt = exports.bytesAt.value
  return {
    /** Where a scanner keeps its bytes by turns. */
    stretches: [
      Buffer.from(buffer, bytesAt, stretchBytes),
      Buffer.from(buffer, bytesAt + stretchBytes + slack, stretchBytes),
    ] as const,
    /** Whether the kernel can see these bytes. */
    sees: (bytes: Buffer) => bytes.buffer === buffer,
    /** Forgets what was learnt of a file: another one begins. */
    reset: () => exports.reset(),
    /** Makes the fingerprint of some bytes, as normalise/fingerprint.ts does. */
    print: (bytes: Buffer, start: number, end: number) =>
      exports.printOf(bytes.byteOffset + start, bytes.byteOffset + end),
    /** Its two halves. */
    printLow: () => exports.printLow.value,
    printHigh: () => exports.printHigh.value,
    rows: createRowsKernel(exports, buffer),
    tape: createTapeKernel(exports, buffer),
  }
}
