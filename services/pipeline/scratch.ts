/** A database for one run of a command, on a PostgreSQL of its own. Never part of the service. */
import { migrate } from '@glimmr/db/migrate'
import { startScratchPostgres } from '@glimmr/dev/scratch-postgres'
import { createPool, type Pool } from '@glimmr/lib/db'
import { createLoadThreads, type LoadThreads } from './load/thread.ts'

export type Scratch = { url: string; pool: Pool; threads: LoadThreads; close(): Promise<void> }

export async function openScratch(): Promise<Scratch> {
  const postgres = await startScratchPostgres('ingest')
  const admin = postgres.url('postgres')
  await migrate({ url: admin })
  const pool = createPool({ url: admin, name: 'glimmr_ingest', max: 2, statementTimeoutMs: 0 })
  const threads = createLoadThreads()
  return {
    threads,
    url: postgres.url('postgres', 'glimmr_pipeline'),
    pool,
    async close() {
      await threads.close()
      await pool.end()
      await postgres.stop()
    },
  }
}
