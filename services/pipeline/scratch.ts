/** A database for one run of a command, on a PostgreSQL of its own. Never part of the service. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { migrate } from '@glimmr/db/migrate'
import { startPostgres } from '@glimmr/dev/postgres'
import { createPool, type Pool } from '@glimmr/lib/db'

export type Scratch = { url: string; pool: Pool; close(): Promise<void> }

export async function openScratch(): Promise<Scratch> {
  const folder = await mkdtemp(join(tmpdir(), 'glimmr-ingest-'))
  // Nothing of this database outlives the run, so it need not wait for the disk.
  const postgres = await startPostgres({
    dataDir: join(folder, 'postgres'),
    settings: { fsync: 'off', full_page_writes: 'off' },
  })
  const admin = postgres.url('postgres')
  await migrate({ url: admin })
  const pool = createPool({ url: admin, name: 'glimmr_ingest', max: 2, statementTimeoutMs: 0 })
  return {
    url: postgres.url('postgres', 'glimmr_pipeline'),
    pool,
    async close() {
      await pool.end()
      await postgres.stop()
      await rm(folder, { recursive: true, force: true })
    },
  }
}
