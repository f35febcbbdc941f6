import { S3Error } from './errors.ts'

/** Reads lines and counted bytes from a stream of chunks, holding one chunk (and at most one line) at a time. */
export type ByteReader = {
  /** the next line without its CRLF; throws if it is longer than `maxBytes` or the stream ends in it */
  line: (maxBytes: number) => Promise<string>
  /** exactly `count` bytes, in the pieces they came in; throws IncompleteBody when the stream ends before */
  take: (count: number) => AsyncGenerator<Buffer>
  /** true when nothing is left */
  ended: () => Promise<boolean>
}

export function createByteReader(source: AsyncIterable<Buffer>): ByteReader {
  const chunks = source[Symbol.asyncIterator]()
  let current: Buffer = Buffer.alloc(0)

  async function fill(): Promise<boolean> {
    while (current.length === 0) {
      const next = await chunks.next()
      if (next.done) return false
      current = next.value
    }
    return true
  }

  async function line(maxBytes: number): Promise<string> {
    let text: Buffer = Buffer.alloc(0)
    while (await fill()) {
      const newline = current.indexOf(0x0a)
      const end = newline < 0 ? current.length : newline + 1
      text = Buffer.concat([text, current.subarray(0, end)])
      current = current.subarray(end)
      if (text.length > maxBytes)
        throw new S3Error('InvalidRequest', 'A chunk header or trailer is too long.')
      if (newline < 0) continue
      if (text.at(-2) !== 0x0d)
        throw new S3Error('InvalidRequest', 'A chunk header or trailer must end in CRLF.')
      return text.toString('latin1', 0, text.length - 2)
    }
    throw new S3Error('IncompleteBody')
  }

  async function* take(count: number): AsyncGenerator<Buffer> {
    let left = count
    while (left > 0) {
      if (!(await fill())) throw new S3Error('IncompleteBody')
      const piece = current.subarray(0, left)
      current = current.subarray(piece.length)
      left -= piece.length
      yield piece
    }
  }

  return { line, take, ended: async () => !(await fill()) }
}
