/**
 * An export in a thread of its own: encoding two million rows takes half a minute of a processor, and requests must not
 * wait for it. The thread works as fast as the reader takes; a reader that goes away ends it and its statement.
 */
import { Readable } from 'node:stream'
import { Worker } from 'node:worker_threads'
import type { ExportFormat } from './formats.ts'

export type ExportTask = {
  /** Of the role glimmr_core. */
  url: string
  file: number
  format: ExportFormat
  codeType: string | undefined
  metadata: Record<string, string>
}

export type ExportMessage =
  | { type: 'chunk'; bytes: Uint8Array<ArrayBuffer> }
  | { type: 'done' }
  | { type: 'failed'; error: FailedExport }

/** What of an error the answer and the log need: of an Error that is sent, nothing but its message would arrive. */
export type FailedExport = { message: string; code?: string | undefined; syscall?: string | undefined }

/** Another chunk, or the end. */
export type ExportAsk = 'more' | 'stop'

/** A group of Parquet rows takes some 60 MB while it is written. */
const heapMb = 320
/** How long a thread may take to cancel its statement before it is ended. */
const graceMs = 5_000

/** Resolves with the first bytes at hand; rejects when there are none. The stream fails when the thread does. */
export function exportInThread(task: ExportTask): Promise<Readable> {
  const worker = new Worker(new URL('./thread-entry.mjs', import.meta.url), {
    workerData: task,
    resourceLimits: { maxOldGenerationSizeMb: heapMb, maxYoungGenerationSizeMb: 32 },
  })
  const stream = new Readable({
    read: () => worker.postMessage('more' satisfies ExportAsk),
    destroy(error, done) {
      worker.postMessage('stop' satisfies ExportAsk)
      setTimeout(() => worker.terminate(), graceMs).unref()
      done(error)
    },
    highWaterMark: 1 << 20,
  })
  // Until the answer is sent nobody else listens, and an error that nobody hears ends the process.
  stream.on('error', () => {})
  return new Promise((resolve, reject) => {
    let ended = false
    const fail = (error: Error) => {
      ended = true
      stream.destroy(error)
      reject(error)
    }
    worker.on('message', (message: ExportMessage) => {
      if (message.type === 'failed')
        return fail(Object.assign(new Error(message.error.message), message.error))
      if (message.type === 'chunk') stream.push(Buffer.from(message.bytes.buffer))
      else {
        ended = true
        stream.push(null)
      }
      resolve(stream)
    })
    worker.on('error', fail)
    worker.on('exit', () => {
      if (!ended) fail(new Error('the export thread ended early'))
    })
  })
}
