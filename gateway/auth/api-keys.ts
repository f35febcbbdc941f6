/**
 * API keys as core keeps them, remembered for a while. One statement every few seconds asks again for all keys in use,
 * so that a revocation is seen within `freshMs` without a query per request.
 */
import { timingSafeEqual } from 'node:crypto'
import { hashApiKey } from '@glimmr/lib/api-keys'
import { maybeOne, type Pool, rows } from '@glimmr/lib/db'
import { sql } from '@glimmr/lib/sql'
import { Refusal } from './refusals.ts'

export type KeyRecord = {
  id: string
  organisation_id: string
  roles: string[]
  scopes: string[]
  expires_at: Date | null
  revoked_at: Date | null
}

export type ApiKeys = {
  /** The record of a key as presented, good right now; throws Refusal. Answers at once for a key in use. */
  byKey(key: string): KeyRecord | Promise<KeyRecord>
  /** The same for the key behind a token. */
  byId(id: string): KeyRecord | Promise<KeyRecord>
}

export type ApiKeysOptions = {
  pool: Pool
  now: () => number
  /** Told of a database that does not answer; known keys stay good for `staleMs`. */
  onError: (error: unknown) => void
}

type Entry = { record: KeyRecord; checkedAtMs: number; usedAtMs: number }

// Asked again after half of it, in the background; nobody is admitted on older news.
const freshMs = 5000
const staleMs = 60_000
const maxKeys = 20_000
const maxUnknown = 10_000

export function createApiKeys({ pool, now, onError }: ApiKeysOptions): ApiKeys {
  const byId = new Map<string, Entry>()
  const idByHash = new Map<string, string>()
  const unknown = new Map<string, number>()
  let refreshing: Promise<void> | undefined

  const remember = (record: KeyRecord): Entry => {
    const entry = { record, checkedAtMs: now(), usedAtMs: now() }
    byId.delete(record.id)
    byId.set(record.id, entry)
    if (byId.size > maxKeys) dropOldest(byId, maxKeys)
    if (idByHash.size > 2 * maxKeys) idByHash.clear()
    return entry
  }

  /** Asks again for every key that was used lately; one statement however many they are. */
  const refresh = async () => {
    const askedAtMs = now()
    for (const [id, { usedAtMs }] of byId) if (askedAtMs - usedAtMs > staleMs) byId.delete(id)
    const found = new Map((await findKeys(pool, [...byId.keys()])).map(record => [record.id, record]))
    for (const [id, entry] of byId) {
      const record = found.get(id)
      if (!record) byId.delete(id)
      else {
        entry.record = record
        entry.checkedAtMs = askedAtMs
      }
    }
  }
  const refreshOnce = () => {
    refreshing ??= refresh()
      .catch(onError)
      .finally(() => {
        refreshing = undefined
      })
    return refreshing
  }

  const fresh = (entry: Entry): KeyRecord | Promise<KeyRecord> => {
    const ageMs = now() - entry.checkedAtMs
    entry.usedAtMs = now()
    if (ageMs < freshMs / 2) return good(entry.record, now())
    const asking = refreshOnce()
    if (ageMs < freshMs) return good(entry.record, now())
    return asking.then(() => {
      const known = byId.get(entry.record.id)
      if (!known) throw new Refusal('unknown_key')
      if (now() - known.checkedAtMs > staleMs) throw new Refusal('unavailable')
      return good(known.record, now())
    })
  }

  const lookUp = async (find: () => Promise<KeyRecord | undefined>): Promise<KeyRecord | undefined> => {
    try {
      return await find()
    } catch (cause) {
      onError(cause)
      throw new Refusal('unavailable', { cause })
    }
  }

  return {
    byKey(key) {
      const hash = hashApiKey(key)
      const index = hash.toString('base64')
      const entry = byId.get(idByHash.get(index) ?? '')
      if (entry) return fresh(entry)
      const seenAtMs = unknown.get(index)
      if (seenAtMs !== undefined && now() - seenAtMs < freshMs) throw new Refusal('unknown_key')
      return lookUp(() => findKeyByHash(pool, hash)).then(record => {
        if (!record) {
          unknown.set(index, now())
          if (unknown.size > maxUnknown) dropOldest(unknown, maxUnknown)
          throw new Refusal('unknown_key')
        }
        idByHash.set(index, record.id)
        return good(remember(record).record, now())
      })
    },
    byId(id) {
      const entry = byId.get(id)
      if (entry) return fresh(entry)
      return lookUp(async () => (await findKeys(pool, [id]))[0]).then(record => {
        if (!record) throw new Refusal('unknown_key')
        return good(remember(record).record, now())
      })
    },
  }
}

function good(record: KeyRecord, nowMs: number): KeyRecord {
  if (record.revoked_at !== null) throw new Refusal('revoked_key')
  if (record.expires_at !== null && record.expires_at.getTime() <= nowMs) throw new Refusal('expired_key')
  return record
}

/** Maps keep the order of insertion. */
function dropOldest(map: Map<string, unknown>, size: number): void {
  for (const key of map.keys()) {
    if (map.size <= size) return
    map.delete(key)
  }
}

async function findKeyByHash(pool: Pool, hash: Buffer): Promise<KeyRecord | undefined> {
  const found = await maybeOne<KeyRecord & { hash: Buffer }>(
    pool,
    sql`
      select id, organisation_id, roles, scopes, expires_at, revoked_at, hash
      from core.api_keys where hash = ${hash}
    `,
  )
  if (!found || !timingSafeEqual(found.hash, hash)) return undefined
  const { hash: _, ...record } = found
  return record
}

async function findKeys(pool: Pool, ids: readonly string[]): Promise<KeyRecord[]> {
  if (ids.length === 0) return []
  return rows<KeyRecord>(
    pool,
    sql`
      select id, organisation_id, roles, scopes, expires_at, revoked_at
      from core.api_keys where id = any(${ids}::uuid[])
    `,
  )
}
