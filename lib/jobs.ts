/**
 * Jobs on graphile-worker. A job survives the death of its worker: each worker holds an advisory lock for as long as
 * it lives, and jobs locked by a worker whose lock is free are given back at once (graphile-worker itself waits 4 h).
 */
import { EventEmitter } from 'node:events'
import type { FastifyBaseLogger } from 'fastify'
import { Logger, type Runner, run, type TaskList, type WorkerEvents } from 'graphile-worker'
import type pg from 'pg'
import { createPool, rows } from './db.ts'
import { sql } from './sql.ts'

export type JobsOptions = {
  url: string
  tasks: TaskList
  concurrency: number
  log: FastifyBaseLogger
  /** How often the jobs of dead workers are looked for. */
  rescueMs?: number
}

export type Jobs = {
  /** Rejects when the worker has ended by itself. */
  ended: Promise<void>
  running(): boolean
  /** Lets running jobs end, or gives them back when they do not in time. */
  stop(): Promise<void>
}

export async function startJobs({
  url,
  tasks,
  concurrency,
  log,
  rescueMs = 5_000,
}: JobsOptions): Promise<Jobs> {
  const onError = (error: Error) => log.warn({ err: error }, 'a job connection broke')
  const pool = createPool({ url, name: 'glimmr_jobs', max: concurrency + 2, statementTimeoutMs: 0, onError })
  const locks = createPool({ url, name: 'glimmr_job_locks', max: 1, statementTimeoutMs: 0, onError })
  // graphile-worker locks jobs in the name of the pool of workers.
  const workers = new Set<string>()
  let holder: pg.PoolClient | undefined
  /** The locks live in one session; when that breaks they are all taken again. */
  const holdLocks = async () => {
    if (!holder) {
      holder = await locks.connect()
      holder.once('error', () => {
        holder?.release(true)
        holder = undefined
      })
      for (const worker of workers) await holdLock(holder, worker)
    }
    return holder
  }
  const events: WorkerEvents = new EventEmitter()
  events.on('pool:create', ({ workerPool }) => {
    workers.add(workerPool.id)
    if (holder) holdLock(holder, workerPool.id).catch(onError)
  })
  await rescue(await holdLocks(), workers, log)
  const runner: Runner = await run({
    pgPool: pool,
    taskList: tasks,
    concurrency,
    noHandleSignals: true,
    pollInterval: 1_000,
    events,
    logger: new Logger(scope => (level, message, meta) => {
      if (level === 'error') log.error({ ...scope, ...meta }, message)
      else if (level === 'warning') log.warn({ ...scope, ...meta }, message)
    }),
  })
  let running = true
  const ended = runner.promise.finally(() => {
    running = false
  })
  const timer = setInterval(() => {
    holdLocks()
      .then(client => rescue(client, workers, log))
      .catch(onError)
  }, rescueMs)
  const stop = async () => {
    clearInterval(timer)
    if (running) await runner.stop()
    holder?.release(true)
    holder = undefined
    await Promise.all([pool.end(), locks.end()])
  }
  return { ended, running: () => running, stop }
}

function holdLock(client: pg.PoolClient, worker: string): Promise<unknown> {
  return client.query("select pg_advisory_lock(hashtextextended('glimmr worker ' || $1, 0))", [worker])
}

/** Gives back the jobs of workers that are gone. */
async function rescue(client: pg.PoolClient, ours: Set<string>, log: FastifyBaseLogger): Promise<void> {
  const gone = await rows<{ locked_by: string }>(
    client,
    sql`select locked_by from (select distinct locked_by from graphile_worker.jobs where locked_by is not null) as workers
      where locked_by <> all(${[...ours]})
        and pg_try_advisory_xact_lock(hashtextextended('glimmr worker ' || locked_by, 0))`,
  )
  if (gone.length === 0) return
  const ids = gone.map(row => row.locked_by)
  log.warn({ workers: ids }, 'giving back the jobs of workers that are gone')
  await client.query('select graphile_worker.force_unlock_workers($1::text[])', [ids])
}
