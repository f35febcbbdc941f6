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
  /** Of the postmaster and its children; empty where there is no /proc. */
  processes(): number[]
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
    processes: () => processes(server.pid),
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
  const ticks = processes(postmaster).map(pid => sum(statOf(pid).slice(11, pid === postmaster ? 15 : 13)))
  return ticks.length === 0 ? Number.NaN : sum(ticks) / ticksPerSecond
}

function processes(postmaster: number): number[] {
  try {
    const all = readdirSync('/proc').filter(name => /^\d+$/.test(name))
    return all.map(Number).filter(pid => pid === postmaster || Number(statOf(pid)[1]) === postmaster)
  } catch {
    return []
  }
}

/** The fields after the name, from the state on. */
function statOf(pid: number): string[] {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8')
    return text.slice(text.lastIndexOf(')') + 2).split(' ')
  } catch {
    return [] // it has ended since
  }
}

function sum(values: readonly (string | number)[]): number {
  return values.reduce<number>((total, value) => total + Number(value), 0)
}
