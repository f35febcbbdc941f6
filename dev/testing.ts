/** What tests share: a database of their own in some 50 ms. */
import { randomBytes } from 'node:crypto'
import type { ServiceRole } from '@glimmr/db/migrate'
import { createPool, type Pool } from '@glimmr/lib/db'
import pg from 'pg'
import { templateDatabase, testServer } from './test-server.ts'

export type TestDatabase = {
  name: string
  /** As the superuser. */
  url: string
  urlFor(role: ServiceRole): string
  pool: Pool
  /** A pool of a service's role, ended with the test. */
  poolFor(role: ServiceRole): Pool
}

type Teardown = { teardown(handler: () => unknown): void }

/** A clone of the migrated template, dropped when the test ends: `const db = await createTestDatabase(t)`. */
export async function createTestDatabase(t: Teardown): Promise<TestDatabase> {
  const server = await testServer()
  const name = `test_${randomBytes(6).toString('hex')}`
  await administer(
    server.url('postgres'),
    `create database ${name} template ${await templateDatabase(server)} strategy file_copy`,
  )
  const pools: Pool[] = []
  const open = (url: string) => {
    const pool = createPool({ url, name, max: 10 })
    pools.push(pool)
    return pool
  }
  t.teardown(async () => {
    await Promise.all(pools.map(pool => pool.end()))
    await administer(server.url('postgres'), `drop database if exists ${name} with (force)`)
  })
  const urlFor = (role: ServiceRole) => server.url(name, role)
  return {
    name,
    url: server.url(name),
    urlFor,
    pool: open(server.url(name)),
    poolFor: role => open(urlFor(role)),
  }
}

async function administer(url: string, statement: string): Promise<void> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    await client.query(statement)
  } finally {
    await client.end()
  }
}
