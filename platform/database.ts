/** The platform's PostgreSQL: started, migrated, and started again when it dies. */
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { migrate } from '@glimmr/db/migrate'
import { type Postgres, type PostgresOptions, startPostgres } from '@glimmr/dev/postgres'
import pg from 'pg'

export const databaseName = 'glimmr'

export type Database = {
  /** The owner's URL, or a service role's. Stays the same when the server is started again. */
  url(role?: string): string
  /** Rejects when the server cannot be kept running. */
  failed: Promise<never>
  stop(): Promise<void>
}

const startsPerMinute = 5

export async function startDatabase(dataDir: string, say: (message: string) => void): Promise<Database> {
  const options = { dataDir: join(dataDir, 'postgres'), log: say }
  let server = await startPostgres(options)
  try {
    await createDatabase(server.url('postgres'))
    await migrate({ url: server.url(databaseName) })
  } catch (error) {
    await server.stop()
    throw error
  }
  const url = (role?: string) => server.url(databaseName, role)
  const failure = Promise.withResolvers<never>()
  failure.promise.catch(() => {}) // whoever waits for it is told; nobody has to
  const stopping = new AbortController()
  /** Pools connect again by themselves, and a load that was cut off is repeated by its job. */
  const keepRunning = async (): Promise<void> => {
    for (const starts: number[] = []; ; ) {
      await server.ended
      if (stopping.signal.aborted) return
      starts.push(Date.now())
      if (starts.filter(at => at > Date.now() - 60_000).length > startsPerMinute)
        throw new Error(
          `PostgreSQL ended ${startsPerMinute} times in a minute; ${options.dataDir}.log says why`,
        )
      say('PostgreSQL has ended; starting it again')
      server = await startAgain(options, stopping.signal)
    }
  }
  const running = keepRunning().catch(failure.reject)
  const stop = async () => {
    stopping.abort()
    await server.stop()
    await running // also a server that was just being started again
    await server.stop()
  }
  return { url, failed: failure.promise, stop }
}

/** The former server's processes may hold its memory for a moment longer, and until then no new one starts. */
async function startAgain(options: PostgresOptions, signal: AbortSignal): Promise<Postgres> {
  for (let tries = 1; ; tries++) {
    try {
      return await startPostgres(options)
    } catch (error) {
      if (tries === 20 || signal.aborted) throw error
      await wait(250)
    }
  }
}

async function createDatabase(url: string): Promise<void> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    const { rowCount } = await client.query('select from pg_database where datname = $1', [databaseName])
    if (!rowCount) await client.query(`create database ${databaseName}`)
  } finally {
    await client.end()
  }
}
