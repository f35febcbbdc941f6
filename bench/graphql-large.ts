/** An engine over 1,000 tables and 50 roles, in a process of its own: what it costs to start, and to hold. */
import { createEngine } from '@glimmr/engine/engine'
import type { Metadata } from '@glimmr/engine/metadata-types'
import pg from 'pg'

const tables = 1_000
const roles = 50
const [databaseUrl = ''] = process.argv.slice(2)

const pool = new pg.Pool({ connectionString: databaseUrl, max: 4 })
const names = Array.from({ length: tables }, (_, n) => `t${n}`)
await createTables()
const metadata = metadataOf()
globalThis.gc?.()
const begin = performance.now()
const engine = await createEngine({ metadata, pools: { default: pool } })
const startMs = performance.now() - begin
for (let n = 0; n < roles; n++) {
  const [first, second] = [names[(n * 17) % tables], names[(n * 31) % tables]]
  const query = `{ ${first}(where: { id: { _gt: 1 } }) { id label next { id label } } other: ${second} { id many { id } } }`
  const { body } = await engine.graphql({
    body: { query },
    session: { role: `r${n}`, vars: { 'x-hasura-user-id': '1' } },
  })
  if (body.startsWith('{"errors"')) throw new Error(body)
}
process.send?.({ startMs, rssMb: process.memoryUsage.rss() / 2 ** 20 })
await pool.end()

async function createTables(): Promise<void> {
  for (let from = 0; from < tables; from += 100)
    await pool.query(
      names
        .slice(from, from + 100)
        .map(
          (name, n) =>
            `create table ${name} (id int primary key, owner text, label text, amount numeric, info jsonb, made timestamptz default now(), next_id int references ${names[Math.max(0, from + n - 1)]});`,
        )
        .join('\n'),
    )
}

function metadataOf(): Metadata {
  const permission = {
    columns: ['id', 'label', 'amount', 'next_id'],
    filter: { owner: { _eq: 'X-Hasura-User-Id' } },
    limit: 100,
    allow_aggregations: true,
  }
  return {
    version: 3,
    sources: [
      {
        name: 'default',
        kind: 'postgres',
        tables: names.map((name, n) => ({
          table: { schema: 'public', name },
          object_relationships: [{ name: 'next', using: { foreign_key_constraint_on: 'next_id' } }],
          array_relationships: [
            {
              name: 'many',
              using: {
                foreign_key_constraint_on: {
                  table: { schema: 'public', name: names[Math.min(n + 1, tables - 1)] ?? name },
                  column: 'next_id',
                },
              },
            },
          ],
          select_permissions: Array.from({ length: roles }, (_, r) => ({ role: `r${r}`, permission })),
          insert_permissions: Array.from({ length: roles }, (_, r) => ({
            role: `r${r}`,
            permission: { columns: ['label', 'amount'], check: permission.filter },
          })),
        })),
      },
    ],
  }
}
