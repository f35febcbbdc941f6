/** The keys that `make start` prints: made at the first start, the same at every later one. */
import { createHash } from 'node:crypto'
import { createApiKey } from '@glimmr/lib/api-keys'
import { execute, maybeOne, one, type Pool, transaction } from '@glimmr/lib/db'
import { sql } from '@glimmr/lib/sql'
import type { Secrets } from './data-folder.ts'

const names = ['admin', 'uploader', 'partner', 'viewer', 'store'] as const

export type Keys = Record<(typeof names)[number], string>

/** `pool` is that of glimmr_core, who alone may write keys. */
export function ensureKeys(pool: Pool, known: Secrets['keys']): Promise<Keys> {
  return transaction(pool, async client => {
    const { id: organisation } = await one<{ id: string }>(
      client,
      sql`insert into core.organisations (name) values ('Glimmr') on conflict (name) do update set name = excluded.name returning id`,
    )
    const keys: Partial<Keys> = {}
    for (const name of names) {
      const key = known[name]
      const good =
        key &&
        (await maybeOne(
          client,
          sql`select from core.api_keys where hash = ${createHash('sha256').update(key).digest()} and revoked_at is null`,
        ))
      keys[name] = good ? key : await insertKey(name)
    }
    return keys as Keys

    async function insertKey(name: (typeof names)[number]): Promise<string> {
      const made = createApiKey({ roles: [name] })
      await execute(
        client,
        sql`insert into core.api_keys (organisation_id, name, prefix, hash, roles, scopes, created_by)
          values (${organisation}, ${`${name} of make start`}, ${made.prefix}, ${made.hash}, ${[name]}, ${made.scopes}, 'start')`,
      )
      return made.key
    }
  })
}
