/** A PostgreSQL of its own for one run, and a fresh database for each vector. */
import { randomBytes } from 'node:crypto'
import { startScratchPostgres } from '@glimmr/dev/scratch-postgres'
import { testFolder } from '@glimmr/dev/test-folder'
import pg from 'pg'

export type Databases = {
  /** The URL of a new database, which `drop` removes. */
  create(): Promise<{ url: string; drop(): Promise<void> }>
  stop(): Promise<void>
}

const template = 'conformance_template'

export async function startDatabases(): Promise<Databases> {
  const settings = { synchronous_commit: 'off', autovacuum: 'off', max_wal_size: '256MB' }
  const server = await startScratchPostgres('conformance', settings, testFolder())
  const administer = new pg.Pool({ connectionString: server.url('postgres'), max: 2 })
  // The server ends connections that are on their way out themselves.
  administer.on('error', () => undefined)
  await administer.query(`create database ${template}`)
  const client = new pg.Client({ connectionString: server.url(template) })
  await client.connect()
  for (const extension of ['citext', 'ltree', 'pgcrypto'])
    await client.query(`create extension if not exists ${extension}`)
  await client.query('create schema if not exists hge_tests')
  await client.end()
  return {
    async create() {
      const name = `vector_${randomBytes(6).toString('hex')}`
      await administer.query(`create database ${name} template ${template} strategy file_copy`)
      return {
        url: server.url(name),
        // The whole server goes at the end of the run: a database that stays until then does no harm.
        drop: () =>
          administer.query(`drop database if exists ${name} with (force)`).then(
            () => undefined,
            () => undefined,
          ),
      }
    },
    async stop() {
      await administer.end()
      await server.stop()
    },
  }
}
