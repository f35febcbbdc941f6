/** Loads through the real pipeline: object to published rows, every rule asked. */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { allCores, keepOn } from './cores.ts'
import type { Database } from './ingest-database.ts'
import type { ToLoad } from './ingest-process.ts'

export type Load = {
  /** Decompressed. */
  bytes: number
  rates: number
  ms: number
  /** The highest resident size of the process while it loaded. */
  rssMb: number
  /** CPU seconds of that process and of the server. */
  cpu: { ours: number; server: number }
}

export const mbPerSecond = ({ bytes, ms }: Pick<Load, 'bytes' | 'ms'>) => bytes / 1e3 / ms
export const mbPerCpuSecond = ({ bytes, cpu }: Load) => bytes / 1e6 / (cpu.ours + cpu.server)

type ToMeasure = Pick<ToLoad, 'paths' | 'addresses' | 'warmUp'> & {
  /** Of the machine's cores, for the process and the server; all where it is left out. */
  cores?: number
}

/** All files at once, each by a thread of its own, in one new process that has loaded `warmUp` before. */
export async function load(
  database: Database,
  { paths, addresses, warmUp, cores = allCores }: ToMeasure,
): Promise<Load> {
  const child = fork(fileURLToPath(new URL('./ingest-process.ts', import.meta.url)))
  const gone = once(child, 'exit').then(() => Promise.reject(new Error('the loading process ended early')))
  const told: ToLoad = { url: database.url, adminUrl: database.urlFor('glimmr'), warmUp, paths, addresses }
  child.send(told)
  await Promise.race([once(child, 'message'), gone])
  const few = cores < allCores
  if (few) keepOn(cores, [...database.processes(), child.pid ?? 0])
  const server = database.cpuSeconds()
  child.send('begin')
  const [{ ours, ...loaded }] = await Promise.race([once(child, 'message'), gone])
  const cpu = { ours, server: database.cpuSeconds() - server }
  await gone.catch(() => {})
  if (few) keepOn(allCores, database.processes())
  return { ...loaded, cpu }
}

/** The median of `runs` loads, each into an empty database. */
export async function medianLoad(
  database: Database,
  { runs, ...files }: ToMeasure & { runs: number },
): Promise<Load> {
  const loads: Load[] = []
  for (let run = 0; run < runs; run++) {
    await database.empty()
    loads.push(await load(database, files))
  }
  return median(loads)
}

/** By time; the highest memory of all. */
export function median(loads: readonly Load[]): Load {
  const middle = loads.toSorted((a, b) => a.ms - b.ms)[Math.floor(loads.length / 2)]
  if (!middle) throw new Error('no runs')
  return { ...middle, rssMb: Math.max(...loads.map(({ rssMb }) => rssMb)) }
}
