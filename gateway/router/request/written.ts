/** What is handed to write() and end() of node's responses. */

export type Written = Buffer | Uint8Array | string

/** The callback among the arguments of write or end, wherever it stands. */
export function callback(args: readonly unknown[]): (() => void) | undefined {
  const last = args.findLast(argument => typeof argument === 'function')
  return last as (() => void) | undefined
}

/** Says that it is written: never at once, as node's streams never do. */
export function called(args: readonly unknown[]): void {
  const done = callback(args)
  if (done) process.nextTick(done)
}

export function bytesOf(chunk: Written, encoding: unknown): Buffer {
  return typeof chunk === 'string' ? Buffer.from(chunk, encodingOf(encoding)) : Buffer.from(chunk)
}

function encodingOf(value: unknown): BufferEncoding {
  return typeof value === 'string' && Buffer.isEncoding(value) ? value : 'utf8'
}

export function sizeOf(chunk: Written, encoding: unknown): number {
  return typeof chunk === 'string' ? Buffer.byteLength(chunk, encodingOf(encoding)) : chunk.length
}
