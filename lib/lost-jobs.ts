/**
 * Jobs that were taken and never arrived: the connection broke between the commit of the take and its answer, so they are
 * locked in the name of a worker that lives and knows nothing of them.
 */
import type { WorkerEvents } from 'graphile-worker'
import { type Queryable, rows } from './db.ts'
import { returnJobs } from './returned-jobs.ts'
import { sql } from './sql.ts'

export type LostJobs = {
  /** Hears which jobs a worker begins and ends. */
  listen(events: WorkerEvents): void
  /** Gives back the jobs that are locked by `workers`, all of them ours, and that none of them has worked on for a while. */
  giveBack(db: Queryable, workers: string[]): Promise<string[]>
}

/** `afterMs`: longer than a job's arrival takes, and the report of its end. */
export function createLostJobs(afterMs: number): LostJobs {
  const working = new Set<string>()
  const missingSince = new Map<string, number>()
  return {
    listen(events) {
      events.on('job:start', ({ job }) => working.add(job.id))
      events.on('job:complete', ({ job }) => working.delete(job.id))
    },
    async giveBack(db, workers) {
      const locked = await rows<{ id: string }>(
        db,
        sql`select id from graphile_worker.jobs where locked_by = any(${workers})`,
      )
      const missing = locked.map(job => job.id).filter(id => !working.has(id))
      for (const id of missingSince.keys()) if (!missing.includes(id)) missingSince.delete(id)
      const now = performance.now()
      for (const id of missing) if (!missingSince.has(id)) missingSince.set(id, now)
      const lost = missing.filter(id => now - (missingSince.get(id) ?? now) >= afterMs)
      if (lost.length > 0) await returnJobs(db, lost, workers)
      return lost
    },
  }
}
