/** API keys as core keeps them: whose each is, and whether it is good right now. */
import { timingSafeEqual } from 'node:crypto'
import { type Pool, rows } from '@glimmr/lib/db'
import { type Sql, sql } from '@glimmr/lib/sql'
import type { Presented } from './credentials.ts'
import { createFreshRecords } from './fresh-records.ts'
import { createPrincipal, type Principal } from './principal.ts'
import { Refusal } from './refusals.ts'

export type ApiKey = { id: string; principal: Principal }

export type ApiKeys = {
  /** A key as presented, good right now; throws Refusal. Answers at once for a key in use. */
  byKey(key: Presented): ApiKey | Promise<ApiKey>
  /** The same for the key behind a token. */
  byId(id: string): ApiKey | Promise<ApiKey>
}

export type ApiKeysOptions = { pool: Pool; now: () => number; onError: (error: unknown) => void }

type KeyRow = {
  id: string
  hash: Buffer
  organisation_id: string
  roles: string[]
  scopes: string[]
  limit_class: string
  expires_at: Date | null
  revoked_at: Date | null
  user_disabled_at: Date | null
  suspended_at: Date | null
}
type KeyRecord = { row: KeyRow; key: ApiKey }

export function createApiKeys({ pool, now, onError }: ApiKeysOptions): ApiKeys {
  const recordsBy = (find: (asked: string[]) => Promise<KeyRow[]>, nameOf: (row: KeyRow) => string) =>
    createFreshRecords<KeyRecord>({
      now,
      onError,
      find: async asked => {
        const found = asked.length === 0 ? [] : await find(asked)
        return new Map(found.map(row => [nameOf(row), recordOf(row)]))
      },
    })
  const byHash = recordsBy(
    hashes => findKeys(pool, sql`k.hash = any(${hashes.map(hash => Buffer.from(hash, 'base64'))}::bytea[])`),
    ({ hash }) => hash.toString('base64'),
  )
  const byId = recordsBy(
    ids => findKeys(pool, sql`k.id = any(${ids}::uuid[])`),
    ({ id }) => id,
  )
  return {
    byKey(shown) {
      const check = (record: KeyRecord | undefined) =>
        good(record && isFor(record, shown) ? record : undefined, now())
      const record = byHash.get(shown.index)
      return record instanceof Promise ? record.then(check) : check(record)
    },
    byId(id) {
      const record = byId.get(id)
      return record instanceof Promise ? record.then(found => good(found, now())) : good(record, now())
    },
  }
}

/** A client shows the same object for as long as its connection brings the same text: both are compared once. */
const compared = new WeakMap<Presented, KeyRecord>()

function isFor(record: KeyRecord, shown: Presented): boolean {
  if (compared.get(shown) === record) return true
  if (!timingSafeEqual(record.row.hash, shown.hash)) return false
  compared.set(shown, record)
  return true
}

function good(record: KeyRecord | undefined, nowMs: number): ApiKey {
  if (!record) throw new Refusal('unknown_key')
  const { row, key } = record
  if (row.revoked_at !== null) throw new Refusal('revoked_key')
  if (row.expires_at !== null && row.expires_at.getTime() <= nowMs) throw new Refusal('expired_key')
  if (row.user_disabled_at !== null) throw new Refusal('disabled_user')
  if (row.suspended_at !== null) throw new Refusal('suspended_organisation')
  return key
}

function recordOf(row: KeyRow): KeyRecord {
  const { id, organisation_id: organisation, roles, scopes, limit_class: limitClass } = row
  const principal = createPrincipal({ subject: `key:${id}`, organisation, roles, scopes, limitClass })
  return { row, key: { id, principal } }
}

function findKeys(pool: Pool, condition: Sql): Promise<KeyRow[]> {
  return rows<KeyRow>(
    pool,
    sql`
      select k.id, k.hash, k.organisation_id, k.roles, k.scopes, k.limit_class, k.expires_at, k.revoked_at,
        u.disabled_at as user_disabled_at, o.suspended_at
      from core.api_keys k
      join core.organisations o on o.id = k.organisation_id
      left join core.users u on u.id = k.user_id
      where ${condition}
    `,
  )
}
