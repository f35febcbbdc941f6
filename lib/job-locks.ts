/**
 * Who lives: each pool of workers holds an advisory lock for as long as its process does. Jobs locked in the name of a
 * pool whose lock is free are given back at once (graphile-worker itself waits 4 h), and those locked by a pool of ours
 * that it never heard of are given back as well.
 */
import type { FastifyBaseLogger } from 'fastify'
import type pg from 'pg'
import { createPool, rows } from './db.ts'
import type { LostJobs } from './lost-jobs.ts'
import { sql } from './sql.ts'

export type JobLocks = {
  /** Holds the lock of one of our pools of workers. */
  hold(worker: string): void
  /** Lets it go: its jobs are given back at the next look. */
  letGo(worker: string): void
  /** Takes the locks that are not held, then gives back the jobs of workers that are gone, and those that we lost. */
  look(): Promise<void>
  end(): Promise<void>
}

/** The locks live in one session. When it breaks, they are all taken again in the next one. */
export function createJobLocks(
  url: string,
  { log, lost }: { log: FastifyBaseLogger; lost: LostJobs },
): JobLocks {
  const onError = (error: Error) =>
    log.warn({ err: error }, 'the connection that holds the locks of jobs broke')
  const pool = createPool({ url, name: 'glimmr_job_locks', max: 1, statementTimeoutMs: 0, onError })
  const ours = new Set<string>()
  const held = new Set<string>()
  let session: pg.PoolClient | undefined
  let ending = false
  const drop = () => {
    session?.release(true)
    session = undefined
    held.clear()
  }
  const open = async () => {
    const client = await pool.connect()
    session = client
    client.once('error', () => {
      if (session === client) drop()
      // At once: until the locks are held again, anybody may take us for dead.
      if (!ending) next().catch(onError)
    })
    return client
  }
  const look = async () => {
    const client = session ?? (await open())
    try {
      for (const worker of ours) {
        if (held.has(worker)) continue
        await client.query(lockOf('pg_advisory_lock'), [worker])
        held.add(worker)
      }
      await rescue(client, ours, log)
      const jobs = await lost.giveBack(client, [...ours])
      if (jobs.length > 0) log.warn({ jobs }, 'giving back jobs that were taken and never arrived')
    } catch (error) {
      if (session === client) drop()
      throw error
    }
  }
  // One look at a time: two would open two sessions, of which one waits for the other.
  let last: Promise<void> = Promise.resolve()
  const next = () => {
    last = last.catch(() => {}).then(look)
    return last
  }
  return {
    hold(worker) {
      ours.add(worker)
      next().catch(onError)
    },
    letGo(worker) {
      ours.delete(worker)
      if (held.delete(worker)) session?.query(lockOf('pg_advisory_unlock'), [worker]).catch(onError)
    },
    look: next,
    async end() {
      ending = true
      await last.catch(() => {})
      drop()
      await pool.end()
    },
  }
}

const lockOf = (call: 'pg_advisory_lock' | 'pg_advisory_unlock') =>
  `select ${call}(hashtextextended('glimmr worker ' || $1, 0))`

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
