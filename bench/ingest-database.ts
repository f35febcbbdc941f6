/** The database that bench/ingest.ts loads into, and what its processes cost. */
import { readdirSync, readFileSync } from 'node:fs'
import { migrate } from '@glimmr/db/migrate'
import { startScratchPostgres } from '@glimmr/dev/scratch-postgres'
import { createPool, execute, type Pool } from '@glimmr/lib/db'
import { sql } from '@glimmr/lib/sql'

export type Database = {
  /** As the pipeline. */
  url: string
  urlFor(role: string): string
  /** As the superuser. */
  pool: Pool
  /** CPU seconds of all server processes so far; NaN where there is no /proc. */
  cpuSeconds(): number
  /** No file, no price, nothing left to write back. */
  empty(): Promise<void>
  close(): Promise<void>
}

export async function openDatabase(): Promise<Database> {
  const server = await startScratchPostgres('bench-ingest')
  const admin = server.url('postgres')
  await migrate({ url: admin })
  const pool = createPool({ url: admin, name: 'glimmr_bench', max: 2, statementTimeoutMs: 0 })
  return {
    url: server.url('postgres', 'glimmr_pipeline'),
    urlFor: role => server.url('postgres', role),
    pool,
    cpuSeconds: () => cpuSeconds(server.pid),
    async empty() {
      await execute(
        pool,
        sql`truncate core.organisations, prices.files, prices.items, prices.item_codes, prices.charges,
        prices.rate_blocks, prices.modifiers, prices.texts, prices.file_plans, prices.payers, prices.plans cascade`,
      )
      await execute(pool, sql`checkpoint`)
    },
    async close() {
      await pool.end()
      await server.stop()
    },
  }
}

const ticksPerSecond = 100

/** Of the postmaster, of the children it has seen end, and of those that run (proc_pid_stat(5): fields 14 to 17). */
function cpuSeconds(postmaster: number): number {
  let ticks = 0
  try {
    for (const name of readdirSync('/proc')) {
      if (!/^\d+$/.test(name)) continue
      const fields = statOf(name)
      if (Number(name) === postmaster) ticks += sum(fields.slice(11, 15))
      else if (Number(fields[1]) === postmaster) ticks += sum(fields.slice(11, 13))
    }
    return ticks / ticksPerSecond
  } catch {
    return Number.NaN
  }
}

/** The fields after the name, from the state on. */
function statOf(pid: string): string[] {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8')
    return text.slice(text.lastIndexOf(')') + 2).split(' ')
  } catch {
    return [] // it has ended since
  }
}

function sum(fields: string[]): number {
  return fields.reduce((total, field) => total + Number(field), 0)
}
