/** Jobs on graphile-worker. A job survives the death of its worker (job-locks.ts), and a worker that of Postgres. */
import { EventEmitter } from 'node:events'
import { setTimeout as after } from 'node:timers/promises'
import type { FastifyBaseLogger } from 'fastify'
import {
  Logger,
  type Runner,
  type RunnerOptions,
  run,
  type TaskList,
  type WorkerEvents,
} from 'graphile-worker'
import { createPool } from './db.ts'
import { createJobLocks, type JobLocks } from './job-locks.ts'

export type JobsOptions = {
  url: string
  tasks: TaskList
  concurrency: number
  log: FastifyBaseLogger
  /** How often the jobs of dead workers are looked for. */
  rescueMs?: number
}

export type Jobs = {
  /** False while the worker is being started again. */
  running(): boolean
  /** Lets running jobs end, or gives them back when they do not in time. */
  stop(): Promise<void>
}

const restartMs = 1_000

/** Resolves when the worker has looked for jobs once; rejects when it cannot, and then leaves nothing behind. */
export async function startJobs({
  url,
  tasks,
  concurrency,
  log,
  rescueMs = 5_000,
}: JobsOptions): Promise<Jobs> {
  const onError = (error: Error) => log.warn({ err: error }, 'a job connection broke')
  const pool = createPool({ url, name: 'glimmr_jobs', max: concurrency + 2, statementTimeoutMs: 0, onError })
  const locks = createJobLocks(url, log)
  const start = () =>
    startRunner({ pgPool: pool, taskList: tasks, concurrency, logger: loggerOf(log) }, locks)
  const end = () => Promise.all([pool.end(), locks.end()])
  const stopping = new AbortController()
  let runner: Runner | undefined
  try {
    await locks.look()
    runner = await start()
  } catch (error) {
    await end()
    throw error
  }
  const keepRunning = async () => {
    while (!stopping.signal.aborted) {
      if (runner) await runner.promise.catch(error => log.error({ err: error }, 'the worker ended'))
      runner = undefined
      if (stopping.signal.aborted) return
      await after(restartMs, undefined, { signal: stopping.signal }).catch(() => {})
      if (stopping.signal.aborted) return
      runner = await start().catch(error => {
        log.error({ err: error }, 'the worker could not be started again')
        return undefined
      })
      if (stopping.signal.aborted) await runner?.stop()
    }
  }
  const kept = keepRunning()
  const timer = setInterval(() => {
    locks.look().catch(error => log.warn({ err: error }, 'the jobs of dead workers could not be looked for'))
  }, rescueMs)
  const stop = async () => {
    clearInterval(timer)
    stopping.abort()
    await runner?.stop().catch(error => log.warn({ err: error }, 'the worker did not end well'))
    await kept
    await end()
  }
  return { running: () => runner !== undefined, stop }
}

/**
 * A runner that has looked for jobs once. graphile-worker keeps for ever the answer to its first question, the ids of
 * its tasks: when a connection breaks under that one, it repeats the error at every look, and only another runner helps.
 *
 * Completed and failed jobs are reported in batches (of no delay) since the error of an unbatched report is a rejection
 * that nobody handles. The batched one ends the runner: the next one is given the job again.
 */
async function startRunner(options: RunnerOptions, locks: JobLocks): Promise<Runner> {
  const events: WorkerEvents = new EventEmitter()
  const looked = Promise.withResolvers<void>()
  events.once('worker:getJob:empty', () => looked.resolve())
  events.once('job:start', () => looked.resolve())
  events.once('worker:getJob:error', ({ error }) => looked.reject(error))
  let worker = ''
  events.once('pool:create', ({ workerPool }) => {
    worker = workerPool.id
    locks.hold(worker)
  })
  // The look may fail before the runner is awaited below.
  looked.promise.catch(() => {})
  const runner = await run({
    ...options,
    noHandleSignals: true,
    events,
    preset: { worker: { pollInterval: 1_000, completeJobBatchDelay: 0, failJobBatchDelay: 0 } },
  })
  runner.promise.catch(() => {}).then(() => locks.letGo(worker))
  runner.promise.then(
    () => looked.reject(new Error('the worker ended before it looked for jobs')),
    error => looked.reject(error),
  )
  try {
    await looked.promise
    return runner
  } catch (error) {
    await runner.stop().catch(() => {})
    throw error
  }
}

function loggerOf(log: FastifyBaseLogger): Logger {
  return new Logger(scope => (level, message, meta) => {
    if (level === 'error') log.error({ ...scope, ...meta }, message)
    else if (level === 'warning') log.warn({ ...scope, ...meta }, message)
  })
}
