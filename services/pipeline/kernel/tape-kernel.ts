/** The kernel's part for JSON, source/tape.as.ts, as functions: scan/json-tape.ts uses it. */

export type TapeExports = {
  mostTokens: { value: number }
  mostEscaped: { value: number }
  kindsAt: { value: number }
  notesAt: { value: number }
  startsAt: { value: number }
  endsAt: { value: number }
  aftersAt: { value: number }
  escapedAt: { value: number }
  objectEnd: { value: number }
  escaped: { value: number }
  parse(start: number, end: number, base: number): number
  learnKey(start: number, end: number, number: number): number
}

export type TapeKernel = ReturnType<typeof createTapeKernel>

export function createTapeKernel(kernel: TapeExports, buffer: ArrayBuffer) {
  let knowsKeys = false
  const most = kernel.mostTokens.value
  return {
    // The tape, as scan/json-tape.ts has it.
    kinds: new Uint8Array(buffer, kernel.kindsAt.value, most),
    starts: new Int32Array(buffer, kernel.startsAt.value, most),
    ends: new Int32Array(buffer, kernel.endsAt.value, most),
    after: new Int32Array(buffer, kernel.aftersAt.value, most),
    /** Of a key the number that it was learnt under, 255 for none; of a number 1 where it is surely a plain amount. */
    notes: new Uint8Array(buffer, kernel.notesAt.value, most),
    /** Strings whose escapes are not resolved. */
    escaped: new Int32Array(buffer, kernel.escapedAt.value, kernel.mostEscaped.value),
    /** Reads the object at `start`; returns its tokens, 0 where it cannot: nothing is said of why. `end`: where the bytes end. */
    parse(bytes: Buffer, start: number, end: number): number {
      const base = bytes.byteOffset
      return kernel.parse(base + start, base + end, base)
    },
    /** Where the object ends that was read. */
    objectEnd: () => kernel.objectEnd.value,
    escapedCount: () => kernel.escaped.value,
    /** Keys by their places in the list, at most 128 of some 4 kB; once. `scratch`: some of the kernel's memory. */
    learnKeys(keys: readonly string[], scratch: Buffer): void {
      if (knowsKeys) return
      knowsKeys = true
      keys.forEach((key, number) => {
        const length = scratch.write(key)
        const learnt = kernel.learnKey(scratch.byteOffset, scratch.byteOffset + length, number)
        if (learnt === 0) throw new Error(`the kernel has no room for the key ${key}`)
      })
    },
  }
}
