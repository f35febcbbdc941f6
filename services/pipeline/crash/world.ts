/** A PostgreSQL, a store and the pipeline as a process of its own: what can be killed, and started again. */
import { type ChildProcess, spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as after } from 'node:timers/promises'
import type { S3Client } from '@aws-sdk/client-s3'
import { migrate } from '@glimmr/db/migrate'
import { type Postgres, startPostgres } from '@glimmr/dev/postgres'
import { createStore } from '@glimmr/dev/store/server'
import { createPool, execute, type Pool, rows } from '@glimmr/lib/db'
import { createS3Client, type S3Config } from '@glimmr/lib/s3'
import { sql } from '@glimmr/lib/sql'

export type World = {
  readonly pool: Pool
  readonly client: S3Client
  startPipeline(): void
  killPipeline(): Promise<void>
  /** SIGKILL to the postmaster, then the server again on the same data. */
  killPostgres(): Promise<void>
  /** SIGKILL to one server process of the load: PostgreSQL ends all others and recovers by itself. */
  killBackend(): Promise<void>
  close(): Promise<void>
}

export async function openWorld(): Promise<World> {
  const folder = await mkdtemp(join(tmpdir(), 'glimmr-crash-'))
  await chmod(folder, 0o755)
  // Without fsync the machine must not crash; that processes do costs nothing.
  const options = { dataDir: join(folder, 'postgres'), settings: { fsync: 'off', restart_after_crash: 'on' } }
  let postgres: Postgres = await startPostgres(options)
  const url = postgres.url('postgres')
  await migrate({ url })
  const pool = createPool({ url, name: 'glimmr_crash', max: 2, statementTimeoutMs: 0, onError: () => {} })
  const keys = { accessKeyId: 'crash', secretAccessKey: randomUUID() }
  const store = await createStore({ dataDir: join(folder, 'store'), buckets: ['glimmr'], ...keys })
  const { url: endpoint } = await store.listen(0)
  const s3: S3Config = { endpoint, region: 'auto', bucket: 'glimmr', ...keys }
  const client = createS3Client(s3)
  const env = environment(s3, postgres.url('postgres', 'glimmr_pipeline'))
  let pipeline: ChildProcess | undefined

  async function killPipeline(): Promise<void> {
    const child = pipeline
    pipeline = undefined
    if (!child || child.exitCode !== null || child.signalCode !== null) return
    child.kill('SIGKILL')
    await once(child, 'exit')
  }

  return {
    pool,
    client,
    startPipeline() {
      if (pipeline && pipeline.exitCode === null && pipeline.signalCode === null) return
      const main = new URL('../main.ts', import.meta.url).pathname
      pipeline = spawn(process.execPath, [main], { env, stdio: 'ignore' })
    },
    killPipeline,
    async killPostgres() {
      process.kill(postgres.pid, 'SIGKILL')
      await postgres.ended
      postgres = await startedAgain(options)
      await patiently(() => execute(pool, sql`select 1`))
    },
    async killBackend() {
      const [backend] = await patiently(() =>
        rows<{ pid: number }>(
          pool,
          sql`select pid from pg_stat_activity where application_name in ('glimmr_copy', 'glimmr_load') order by random() limit 1`,
        ),
      )
      if (!backend) return
      try {
        process.kill(backend.pid, 'SIGKILL')
      } catch {
        // It ended by itself in between.
      }
      await patiently(() => execute(pool, sql`select 1`))
    },
    async close() {
      await killPipeline()
      client.destroy()
      await pool.end()
      store.server.closeAllConnections()
      await store.close()
      await postgres.stop()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

function environment(s3: S3Config, databaseUrl: string): NodeJS.ProcessEnv {
  return {
    HOST: '127.0.0.1',
    PORT: '0',
    LOG_LEVEL: 'fatal',
    DATABASE_URL: databaseUrl,
    S3_ENDPOINT: s3.endpoint,
    S3_REGION: s3.region,
    S3_BUCKET: s3.bucket,
    S3_ACCESS_KEY_ID: s3.accessKeyId,
    S3_SECRET_ACCESS_KEY: s3.secretAccessKey,
  }
}

/** Server processes outlive their postmaster by a moment, and until then the data folder is theirs. */
async function startedAgain(options: Parameters<typeof startPostgres>[0]): Promise<Postgres> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await startPostgres(options)
    } catch (error) {
      if (attempt === 40) throw error
      await after(250)
    }
  }
}

/** Repeats what may meet a server that is just recovering, or a connection that broke with the last one. */
export async function patiently<Result>(work: () => Promise<Result>): Promise<Result> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await work()
    } catch (error) {
      if (attempt === 200) throw error
      await after(50)
    }
  }
}
