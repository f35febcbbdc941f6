/** The platform's PostgreSQL: started, migrated, and started again when it dies. */
import { join } from 'node:path'
import { migrate } from '@glimmr/db/migrate'
import { type Postgres, startPostgres } from '@glimmr/dev/postgres'
import pg from 'pg'

export const databaseName = 'glimmr'

export type Database = {
  /** The owner's URL, or a service role's. Stays the same when the server is started again. */
  url(role?: string): string
  /** Rejects when the server cannot be kept running. */
  failed: Promise<never>
  stop(): Promise<void>
}

const restartsPerMinute = 5

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
  let stopping = false
  const failure = Promise.withResolvers<never>()
  failure.promise.catch(() => {}) // whoever waits for it is told; nobody has to
  const starts: number[] = []
  /** Pools connect again by themselves, and a load that was cut off is repeated by its job. */
  const watch = async (watched: Postgres): Promise<void> => {
    await watched.ended
    if (stopping) return
    starts.push(Date.now())
    if (starts.filter(at => at > Date.now() - 60_000).length > restartsPerMinute)
      throw new Error(
        `PostgreSQL ended ${restartsPerMinute} times in a minute; ${options.dataDir}.log says why`,
      )
    say('PostgreSQL has ended; starting it again')
    server = await startPostgres(options)
    if (stopping) return server.stop()
    return watch(server)
  }
  watch(server).catch(failure.reject)
  const stop = async () => {
    stopping = true
    await server.stop()
  }
  return { url, failed: failure.promise, stop }
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
