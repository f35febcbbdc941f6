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
import { createLostJobs } from './lost-jobs.ts'
import { returnedWhenStopped } from './returned-jobs.ts'

export type JobsOptions = {
  url: string
  tasks: TaskList
  concurrency: number
  log: FastifyBaseLogger
  /** How often the jobs of dead workers are looked for, and lost ones; a job is lost when it is missing for as long. */
  rescueMs?: number
  /** Done after each such look: who waits for a job that has no attempt left is told so here. */
  afterLook?: () => Promise<void>
}

export type Jobs = {
  /** False while the worker is being started again. */
  running(): boolean
  /** Lets running jobs end, or gives them back, untried, when they do not in time. */
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
  afterLook = async () => {},
}: JobsOptions): Promise<Jobs> {
  const onError = (error: Error) => log.warn({ err: error }, 'a job connection broke')
  const pool = createPool({ url, name: 'glimmr_jobs', max: concurrency + 2, statementTimeoutMs: 0, onError })
  const lost = createLostJobs(rescueMs)
  const locks = createJobLocks(url, { log, lost })
  const taskList = returnedWhenStopped(tasks, pool, onError)
  const start = () => {
    const events: WorkerEvents = new EventEmitter()
    lost.listen(events)
    return startRunner({ pgPool: pool, taskList, concurrency, logger: loggerOf(log), events }, locks)
  }
  const look = async () => {
    await locks.look()
    await afterLook()
  }
  const end = () => Promise.all([pool.end(), locks.end()])
  const stopping = new AbortController()
  let runner: Runner | undefined
  try {
    await look()
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
    look().catch(error => log.warn({ err: error }, 'the jobs of dead workers could not be looked for'))
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
async function startRunner(
  options: RunnerOptions & { events: WorkerEvents },
  locks: JobLocks,
): Promise<Runner> {
  const { events } = options
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
