/** Runs a load in a worker thread, so that parsing never holds up a request, and ends it for sure when it is given up. */
import { Worker } from 'node:worker_threads'
import type { S3Config } from '@glimmr/lib/s3'
import { Refusal } from '../source/refusal.ts'
import { SourceChanged } from '../source/source.ts'
import type { LoadOptions, LoadProgress, LoadResult } from './load-file.ts'

/** What can be told to another thread about where the bytes are. */
export type SourceAddress =
  | { kind: 'file'; path: string }
  | { kind: 'object'; store: S3Config; key: string; etag: string | null }

export type ThreadTask = {
  url: string
  address: SourceAddress
  file: LoadOptions['file']
  limits?: LoadOptions['limits']
  traceparent?: string
}

export type ThreadMessage =
  | { type: 'progress'; progress: LoadProgress }
  | { type: 'done'; result: LoadResult }
  | { type: 'failed'; name: string; message: string; stack: string | undefined; code: string | undefined }

/** Bounds what a file can make the thread hold: beyond it the thread ends with ERR_WORKER_OUT_OF_MEMORY. */
const heapMb = 256
/** How long a thread may take to roll back before it is ended. */
const graceMs = 10_000

type Options = { signal: AbortSignal; onProgress?: (progress: LoadProgress) => void }

export function loadInThread(task: ThreadTask, { signal, onProgress }: Options): Promise<LoadResult> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(signal.reason)
    const worker = new Worker(new URL('./thread-entry.mjs', import.meta.url), {
      workerData: task,
      resourceLimits: { maxOldGenerationSizeMb: heapMb, maxYoungGenerationSizeMb: 16 },
    })
    let timer: NodeJS.Timeout | undefined
    const abort = () => {
      worker.postMessage('abort')
      timer = setTimeout(() => worker.terminate(), graceMs)
      timer.unref()
    }
    signal.addEventListener('abort', abort, { once: true })
    let outcome: (() => void) | undefined
    worker.on('message', (message: ThreadMessage) => {
      if (message.type === 'progress') onProgress?.(message.progress)
      else outcome = message.type === 'done' ? () => resolve(message.result) : () => reject(errorOf(message))
    })
    worker.on('error', error => {
      outcome = () => reject(error)
    })
    // Only once the thread is gone, so that its connections are closed and its memory is free.
    worker.on('exit', code => {
      clearTimeout(timer)
      signal.removeEventListener('abort', abort)
      if (outcome) outcome()
      else reject(signal.aborted ? signal.reason : new Error(`the loading thread ended with code ${code}`))
    })
  })
}

function errorOf({ name, message, stack, code }: ThreadMessage & { type: 'failed' }): Error {
  const error =
    name === 'SourceChanged'
      ? new SourceChanged(message)
      : name === 'Refusal'
        ? new Refusal('failed', message)
        : new Error(message)
  if (stack) error.stack = stack
  return code ? Object.assign(error, { code }) : error
}
