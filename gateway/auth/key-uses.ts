/** When keys were last used, and how often: counted in memory, written every few seconds and at the end. */
import { execute, type Pool } from '@glimmr/lib/db'
import { sql } from '@glimmr/lib/sql'

export type KeyUses = { count(keyId: string): void; flush(): Promise<void>; stop(): Promise<void> }

export type KeyUsesOptions = {
  pool: Pool
  now: () => number
  intervalMs?: number
  onError: (error: unknown) => void
}

export function createKeyUses({ pool, now, intervalMs = 10_000, onError }: KeyUsesOptions): KeyUses {
  let pending = new Map<string, { uses: number; lastUsedAtMs: number }>()
  const flush = async () => {
    if (pending.size === 0) return
    const batch = pending
    pending = new Map()
    try {
      await writeUses(pool, batch)
    } catch (error) {
      // Kept for the next time: counts are not lost to a database that is away for a while.
      for (const [keyId, { uses, lastUsedAtMs }] of batch) add(keyId, uses, lastUsedAtMs)
      onError(error)
    }
  }
  const add = (keyId: string, uses: number, lastUsedAtMs: number) => {
    const entry = pending.get(keyId)
    if (!entry) pending.set(keyId, { uses, lastUsedAtMs })
    else {
      entry.uses += uses
      entry.lastUsedAtMs = Math.max(entry.lastUsedAtMs, lastUsedAtMs)
    }
  }
  const timer = setInterval(flush, intervalMs)
  timer.unref()
  return {
    count: keyId => add(keyId, 1, now()),
    flush,
    async stop() {
      clearInterval(timer)
      await flush()
    },
  }
}

type Uses = ReadonlyMap<string, { uses: number; lastUsedAtMs: number }>

async function writeUses(pool: Pool, batch: Uses): Promise<void> {
  const ids = [...batch.keys()]
  const uses = [...batch.values()].map(entry => entry.uses)
  const times = [...batch.values()].map(entry => new Date(entry.lastUsedAtMs).toISOString())
  await execute(
    pool,
    sql`
      insert into auth.key_uses as known (api_key_id, last_used_at, uses)
      select api_key_id, last_used_at, uses
      from unnest(${ids}::uuid[], ${times}::timestamptz[], ${uses}::bigint[]) as used (api_key_id, last_used_at, uses)
      order by api_key_id
      on conflict (api_key_id) do update set
        last_used_at = greatest(known.last_used_at, excluded.last_used_at),
        uses = known.uses + excluded.uses
    `,
  )
}
