/** Jobs that are given back as if nobody had taken them: their attempt does not count, and they may be taken at once. */
import type { Task, TaskList } from 'graphile-worker'
import { execute, type Queryable } from './db.ts'
import { sql } from './sql.ts'

/**
 * The statement with which graphile-worker gives back jobs that it fetched and did not begin; nothing public does it. Those
 * that `workers` do not hold any more are left alone. The jobs of this house are in no named queue.
 */
export async function returnJobs(db: Queryable, ids: string[], workers: string[]): Promise<void> {
  await execute(
    db,
    sql`
      update graphile_worker._private_jobs set attempts = greatest(0, attempts - 1), locked_by = null, locked_at = null
      where id = any(${ids}::bigint[]) and locked_by = any(${workers})`,
  )
}

/**
 * Tasks that give their job back when they end because the worker is being stopped. Without that a restart is a failed
 * attempt, with hours to wait for the next one, and the last attempt of a job that nothing is wrong with may be lost so.
 */
export function returnedWhenStopped(
  tasks: TaskList,
  db: Queryable,
  onError: (error: Error) => void,
): TaskList {
  const wrapped = (task: Task): Task => {
    return async (payload, helpers) => {
      try {
        return await task(payload, helpers)
      } catch (error) {
        const { job, abortSignal } = helpers
        if (abortSignal?.aborted && job.locked_by)
          await returnJobs(db, [job.id], [job.locked_by]).catch(onError)
        throw error
      }
    }
  }
  return Object.fromEntries(
    Object.entries(tasks).map(([name, task]) => [name, task && wrapped(task as Task)]),
  )
}
