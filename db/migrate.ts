/** Brings a database up to db/migrations: each file once, in order, in its own transaction, under an advisory lock. */
import { createHash } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { createPool } from '@glimmr/lib/db'
import { quoteIdentifier } from '@glimmr/lib/sql'
import { runMigrations } from 'graphile-worker'
import pg from 'pg'

export const serviceRoles = [
  'glimmr_core',
  'glimmr_media',
  'glimmr_pipeline',
  'glimmr_links',
  'glimmr_auth',
] as const
export type ServiceRole = (typeof serviceRoles)[number]

export type MigrateOptions = {
  /** Of a role that may create roles and schemas. */
  url: string
  /** Passwords to give to the service roles; without them the roles keep what they have. */
  passwords?: Partial<Record<ServiceRole, string>>
}

const folder = new URL('migrations/', import.meta.url)

/** The names of the migrations that were applied now. Throws when one that was applied has been edited since. */
export async function migrate({ url, passwords = {} }: MigrateOptions): Promise<string[]> {
  const client = new pg.Client({ connectionString: url, application_name: 'glimmr_migrate' })
  await client.connect()
  try {
    // Several instances may start at once: the first migrates, the others find it done.
    await client.query("select pg_advisory_lock(hashtextextended('glimmr migrations', 0))")
    const applied = await applyFiles(client)
    await setPasswords(client, passwords)
    await migrateJobs(client, url)
    return applied
  } finally {
    await client.end()
  }
}

async function applyFiles(client: pg.Client): Promise<string[]> {
  await client.query('create schema if not exists migrations')
  await client.query(`create table if not exists migrations.applied (
    name text primary key, sha256 text not null, applied_at timestamptz not null default now())`)
  const { rows } = await client.query<{ name: string; sha256: string }>(
    'select name, sha256 from migrations.applied',
  )
  const done = new Map(rows.map(row => [row.name, row.sha256]))
  const applied: string[] = []
  for (const name of (await readdir(folder)).filter(file => file.endsWith('.sql')).sort()) {
    const text = await readFile(new URL(name, folder), 'utf8')
    const sha256 = createHash('sha256').update(text).digest('hex')
    if (done.get(name) === sha256) continue
    if (done.has(name))
      throw new Error(`db/migrations/${name} was applied and has been edited since: add a new file`)
    await applyFile(client, { name, text, sha256 })
    applied.push(name)
  }
  return applied
}

async function applyFile(
  client: pg.Client,
  file: { name: string; text: string; sha256: string },
): Promise<void> {
  await client.query('begin')
  try {
    await client.query(file.text)
    await client.query('insert into migrations.applied (name, sha256) values ($1, $2)', [
      file.name,
      file.sha256,
    ])
    await client.query('commit')
  } catch (error) {
    await client.query('rollback')
    throw new Error(`db/migrations/${file.name}: ${error instanceof Error ? error.message : error}`, {
      cause: error,
    })
  }
}

async function setPasswords(client: pg.Client, passwords: MigrateOptions['passwords']): Promise<void> {
  for (const [role, password] of Object.entries(passwords ?? {}))
    await client.query(`alter role ${quoteIdentifier(role)} password ${client.escapeLiteral(password)}`)
}

/**
 * graphile-worker's own tables, made by the role that will run the jobs. It says `create schema if not exists`, which
 * asks for the right to create schemas even where the schema is there: lent for the moment of the first installation.
 */
async function migrateJobs(client: pg.Client, url: string): Promise<void> {
  const { rowCount } = await client.query("select from pg_tables where schemaname = 'graphile_worker'")
  const database = quoteIdentifier(client.database ?? '')
  if (rowCount === 0) await client.query(`grant create on database ${database} to glimmr_pipeline`)
  const pool = createPool({ url, name: 'glimmr_migrate_jobs', max: 1, role: 'glimmr_pipeline' })
  try {
    await runMigrations({ pgPool: pool })
  } finally {
    await pool.end()
    if (rowCount === 0) await client.query(`revoke create on database ${database} from glimmr_pipeline`)
  }
}
