/**
 * One COPY of whole rows as a statement that `pg.Client.query` takes, in the protocol's own frames
 * (postgresql.org/docs/current/protocol-flow.html, "COPY Operations").
 *
 * `send` may come before the connection's turn: statement and data then follow those of the batch before on the wire, and
 * the server goes from one to the next without waiting for us. That is allowed: answers come in order, and data that
 * follow a failed COPY are read over. What is sent in good time is not sent again when its turn comes (`submit`).
 */
import type { Connection } from 'pg'

/**
 * Bytes of a CopyData message. The server gathers a message before it reads a row of it: one of 4 MB goes through memory
 * once more, one of this size stays in the processor's cache.
 */
const frameBytes = 32 << 10

const copyData = 0x64
const copyDone = Buffer.from([0x63, 0, 0, 0, 4])

export type CopyBatch = {
  submit(connection: Connection): void
  send(connection: Connection): void
  /** Rows that the server counted. Rejects with the server's error, or that of the connection. */
  readonly copied: Promise<number>
}

export function copyBatch(statement: string, bytes: Buffer): CopyBatch {
  const { promise, resolve, reject } = Promise.withResolvers<number>()
  let sent = false
  let rows = 0

  function send(connection: Connection): void {
    if (sent) return
    sent = true
    const { stream } = connection
    // One system call for all that the socket takes, not one a frame.
    stream.cork()
    connection.query(statement)
    for (let from = 0; from < bytes.length; from += frameBytes) {
      const frame = bytes.subarray(from, from + frameBytes)
      stream.write(header(frame.length))
      stream.write(frame)
    }
    stream.write(copyDone)
    stream.uncork()
  }

  const answers = {
    handleCopyInResponse() {},
    handleCommandComplete({ text }: { text: string }) {
      rows = Number(text.slice(text.lastIndexOf(' ') + 1))
    },
    handleReadyForQuery: () => resolve(rows),
    handleError: (error: Error) => reject(error),
  }
  return { ...answers, submit: send, send, copied: promise }
}

function header(length: number): Buffer {
  const bytes = Buffer.allocUnsafe(5)
  bytes[0] = copyData
  bytes.writeUInt32BE(length + 4, 1)
  return bytes
}
