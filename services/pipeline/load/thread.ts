/**
 * Runs loads in worker threads, so that parsing never holds up a request, and ends them for sure when they are given up.
 *
 * A thread that has loaded well waits a while for the next file: starting one and compiling what it runs takes a quarter of
 * a second and most of a second of CPU, as much as 20 MB of prices.
 */
import { Worker } from 'node:worker_threads'
import type { S3Config } from '@glimmr/lib/s3'
import { telemetryOn } from '@glimmr/lib/telemetry'
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

export type ToThread = { type: 'load'; task: ThreadTask } | { type: 'abort' } | { type: 'end' }

export type FromThread =
  | { type: 'progress'; progress: LoadProgress }
  | { type: 'done'; result: LoadResult }
  | { type: 'failed'; name: string; message: string; stack: string | undefined; code: string | undefined }

/** Bounds what a file can make the thread hold: beyond it the thread ends with ERR_WORKER_OUT_OF_MEMORY. */
const heapMb = 256
/** How long a thread may take to roll back before it is ended. */
const graceMs = 10_000

type Options = { signal: AbortSignal; onProgress?: (progress: LoadProgress) => void }

export type LoadThreads = {
  /** One file, in a thread that waits or a new one. */
  load(task: ThreadTask, options: Options): Promise<LoadResult>
  /** Ends the threads that wait. Loads under way go on. */
  close(): Promise<void>
}

type Idle = { worker: Worker; stopWaiting(): void }

/** `keepMs`: how long a thread waits; 0 for none. Spans leave a thread when it ends, so with telemetry none waits. */
export function createLoadThreads(keepMs = telemetryOn ? 0 : 20_000): LoadThreads {
  const idle = new Set<Idle>()
  let closed = false

  function take(): Worker {
    const [waiting] = idle
    if (!waiting) return startThread()
    waiting.stopWaiting()
    waiting.worker.ref()
    return waiting.worker
  }

  async function giveBack(worker: Worker): Promise<void> {
    if (closed || keepMs === 0) return ended(worker)
    const stopWaiting = () => {
      idle.delete(waiting)
      clearTimeout(timer)
      worker.off('error', stopWaiting).off('exit', stopWaiting)
    }
    const waiting: Idle = { worker, stopWaiting }
    const timer = setTimeout(() => {
      stopWaiting()
      void ended(worker)
    }, keepMs)
    timer.unref()
    worker.unref()
    worker.on('error', stopWaiting).on('exit', stopWaiting)
    idle.add(waiting)
  }

  return {
    async load(task, options) {
      options.signal.throwIfAborted()
      const worker = take()
      const answer = await run(worker, task, options)
      if (answer.alive) await giveBack(worker)
      return answer.outcome()
    },
    async close() {
      closed = true
      await Promise.all(
        [...idle].map(({ worker, stopWaiting }) => {
          stopWaiting()
          return ended(worker)
        }),
      )
    },
  }
}

function startThread(): Worker {
  return new Worker(new URL('./thread-entry.mjs', import.meta.url), {
    resourceLimits: { maxOldGenerationSizeMb: heapMb, maxYoungGenerationSizeMb: 12 },
  })
}

function tell(worker: Worker, message: ToThread): void {
  worker.postMessage(message)
}

/** Lets a thread that does nothing finish, and waits until its memory is free. */
function ended(worker: Worker): Promise<void> {
  return new Promise(resolve => {
    worker.ref()
    const timer = setTimeout(() => worker.terminate(), graceMs)
    worker.once('error', () => {})
    worker.once('exit', () => {
      clearTimeout(timer)
      resolve()
    })
    tell(worker, { type: 'end' })
  })
}

type Answer = { outcome: () => LoadResult; alive: boolean }

/**
 * Resolves once the thread has closed its connections; a thread that was given up or broke is gone by then. Takes its own
 * listeners off and no others: a Worker has some of its own, without which its messages stop.
 */
function run(worker: Worker, task: ThreadTask, { signal, onProgress }: Options): Promise<Answer> {
  return new Promise(resolve => {
    let timer: NodeJS.Timeout | undefined
    let failure: unknown
    const finish = (answer: Answer) => {
      clearTimeout(timer)
      signal.removeEventListener('abort', abort)
      worker.off('message', told).off('error', broke).off('exit', gone)
      resolve(answer)
    }
    const fail = (error: unknown) => () => {
      throw error
    }
    const abort = () => {
      tell(worker, { type: 'abort' })
      timer = setTimeout(() => worker.terminate(), graceMs)
      timer.unref()
    }
    const told = (message: FromThread) => {
      if (message.type === 'progress') onProgress?.(message.progress)
      else if (message.type === 'done') finish({ outcome: () => message.result, alive: true })
      else finish({ outcome: fail(errorOf(message)), alive: true })
    }
    const broke = (error: unknown) => {
      failure = error
    }
    const gone = (code: number) => {
      const error = signal.aborted ? signal.reason : new Error(`the loading thread ended with code ${code}`)
      finish({ outcome: fail(failure ?? error), alive: false })
    }
    signal.addEventListener('abort', abort, { once: true })
    worker.on('message', told).on('error', broke).on('exit', gone)
    tell(worker, { type: 'load', task })
  })
}

function errorOf({ name, message, stack, code }: FromThread & { type: 'failed' }): Error {
  const error =
    name === 'SourceChanged'
      ? new SourceChanged(message)
      : name === 'Refusal'
        ? new Refusal('failed', message)
        : new Error(message)
  if (stack) error.stack = stack
  return code ? Object.assign(error, { code }) : error
}
