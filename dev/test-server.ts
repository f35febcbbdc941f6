/**
 * One PostgreSQL for all tests of a checkout, in memory if possible, without fsync. `dev/before.ts` starts it under tap;
 * a test file run alone starts it on demand and leaves it for the next (`node dev/after.ts` ends it).
 */
import { createHash } from 'node:crypto'
import { mkdir, readdir, readFile, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { migrate } from '@glimmr/db/migrate'
import pg from 'pg'
import { adoptPostgres, type Postgres, startPostgres } from './postgres.ts'
import { testFolder } from './test-folder.ts'

const root = new URL('..', import.meta.url)
const key = createHash('sha256').update(root.href).digest('hex').slice(0, 8)
const folder = join(testFolder(), `glimmr-test-${key}`)
export const testDataDir = join(folder, 'postgres')

const settings = {
  fsync: 'off',
  full_page_writes: 'off',
  synchronous_commit: 'off',
  max_connections: '300',
  max_wal_size: '256MB',
}

export async function testServer(): Promise<Postgres> {
  return (await adoptPostgres(testDataDir)) ?? locked(start)
}

async function start(): Promise<Postgres> {
  // Another process may have started it while we waited for the lock.
  const running = await adoptPostgres(testDataDir)
  if (running) return running
  const server = await startPostgres({ dataDir: testDataDir, settings })
  await dropLeftDatabases(server.url('postgres'))
  return server
}

/** What killed tests have left, and templates of other migrations. Nobody else is here yet. */
async function dropLeftDatabases(url: string): Promise<void> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    const { rows } = await client.query<{ name: string }>(
      "select datname as name from pg_database where datname like any(array['test\\_%', 'glimmr\\_template\\_%']) and datname <> $1",
      [await templateName()],
    )
    for (const { name } of rows) {
      await client.query(`alter database ${name} with is_template false`)
      await client.query(`drop database ${name}`)
    }
  } finally {
    await client.end()
  }
}

/** A migrated database that tests clone; another one as soon as a migration changes. */
export async function templateDatabase(server: Postgres): Promise<string> {
  const name = await templateName()
  const client = new pg.Client({ connectionString: server.url('postgres') })
  await client.connect()
  try {
    await client.query("select pg_advisory_lock(hashtextextended('glimmr template', 0))")
    const { rowCount } = await client.query('select from pg_database where datname = $1 and datistemplate', [
      name,
    ])
    if (rowCount) return name
    await client.query(`drop database if exists ${name}`)
    await client.query(`create database ${name}`)
    await migrate({ url: server.url(name) })
    await client.query(`alter database ${name} with is_template true`)
    return name
  } finally {
    await client.end()
  }
}

async function templateName(): Promise<string> {
  const hash = createHash('sha256')
  const migrations = new URL('../db/migrations/', import.meta.url)
  for (const name of (await readdir(migrations)).sort())
    hash.update(await readFile(new URL(name, migrations)))
  return `glimmr_template_${hash.digest('hex').slice(0, 12)}`
}

/** Ends the server, unless another run is using it. */
export async function stopTestServer(): Promise<void> {
  const server = await adoptPostgres(testDataDir)
  if (!server) return
  const client = new pg.Client({ connectionString: server.url('postgres') })
  await client.connect()
  const { rowCount } = await client.query(
    "select from pg_stat_activity where backend_type = 'client backend' and pid <> pg_backend_pid()",
  )
  await client.end()
  if (rowCount === 0) await server.stop()
}

/** mkdir is atomic: one process starts the server. A lock older than a minute was left by a killed one. */
async function locked<Result>(work: () => Promise<Result>): Promise<Result> {
  const lock = join(folder, 'lock')
  await mkdir(folder, { recursive: true })
  while (
    !(await mkdir(lock).then(
      () => true,
      () => false,
    ))
  ) {
    const age = Date.now() - ((await stat(lock).catch(() => undefined))?.mtimeMs ?? Date.now())
    if (age > 60_000) await rm(lock, { recursive: true, force: true })
    await wait(20)
  }
  try {
    return await work()
  } finally {
    await rm(lock, { recursive: true, force: true })
  }
}
