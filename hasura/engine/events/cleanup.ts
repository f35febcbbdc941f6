/**
 * `cleanup_config` of event triggers: old events go, at the times of a schedule or when they are told to. Any number of servers
 * may do it at once: each takes what no other has.
 *
 * Source: https://hasura.io/docs/2.0/event-triggers/clean-up/auto-cleanup/
 */
import type pg from 'pg'
import { nextTimes, scheduleFault } from '../cron/schedule.ts'
import type { EngineControl } from '../engine.ts'
import { withClient } from '../run.ts'
import { hasEventLog } from './event-log.ts'

export type Cleanup = {
  clear_older_than: number
  batch_size: number
  /** Seconds that a batch may take. */
  timeout: number
  clean_invocation_logs: boolean
}
export type CleanupConfig = Cleanup & { schedule: string; paused: boolean }

const defaults = { batch_size: 10_000, timeout: 60, clean_invocation_logs: false, paused: false }
const mostInBatch = 100_000

/** Undefined for what cannot be read, or asks for nothing. Hours and seconds are numbers from 0 on. */
export function cleanupOf(given: unknown): Cleanup | undefined {
  if (typeof given !== 'object' || given === null) return undefined
  const { clear_older_than, batch_size, timeout, clean_invocation_logs }: Record<string, unknown> = {
    ...defaults,
    ...Object.fromEntries(Object.entries(given).filter(([, value]) => value !== null)),
  }
  const sound = (value: unknown, least: number): value is number =>
    typeof value === 'number' && Number.isFinite(value) && value >= least
  if (!sound(clear_older_than, 0) || !sound(batch_size, 1) || !sound(timeout, 1)) return undefined
  return {
    clear_older_than,
    batch_size: Math.min(Math.trunc(batch_size), mostInBatch),
    timeout,
    clean_invocation_logs: clean_invocation_logs === true,
  }
}

function configOf(given: unknown): CleanupConfig | undefined {
  const cleanup = cleanupOf(given)
  const { schedule, paused } = (given ?? {}) as { schedule?: unknown; paused?: unknown }
  if (!cleanup || typeof schedule !== 'string' || scheduleFault(schedule) !== undefined) return undefined
  return { ...cleanup, schedule, paused: paused === true }
}

const oldSql = `
select id from hdb_catalog.event_log
where trigger_name = $1 and (delivered or error or archived) and locked is null
  and created_at < (now() at time zone 'utc') - $2 * interval '1 hour'
order by created_at limit $3 for update skip locked`

/** What waits or is under way stays, however old. Gives how many events went. Throws when a batch takes too long. */
export async function cleanEvents(pool: pg.Pool, trigger: string, cleanup: Cleanup): Promise<number> {
  if (!(await hasEventLog(pool))) return 0
  const { clear_older_than, batch_size, timeout, clean_invocation_logs } = cleanup
  let gone = 0
  for (;;) {
    const count = await withClient(pool, { timeMs: timeout * 1000, signal: undefined }, async client => {
      await client.query('begin')
      try {
        const { rows } = await client.query<{ id: string }>(oldSql, [trigger, clear_older_than, batch_size])
        const ids = [rows.map(({ id }) => id)]
        // They would go with their events.
        if (!clean_invocation_logs)
          await client.query(
            'update hdb_catalog.event_invocation_logs set event_id = null where event_id = any ($1)',
            ids,
          )
        await client.query('delete from hdb_catalog.event_log where id = any ($1)', ids)
        await client.query('commit')
        return rows.length
      } catch (cause) {
        await client.query('rollback').catch(() => undefined)
        throw cause
      }
    })
    gone += count
    if (count < batch_size) return gone
  }
}

export type Cleaner = {
  /** Cleans what is due since the last turn; the first turn only looks at the clock. */
  turn(now: Date): Promise<void>
}

export function createCleaner(control: EngineControl, onError: (error: unknown) => void): Cleaner {
  /** By source and trigger: of which schedule, and when next. */
  const due = new Map<string, { schedule: string; at: Date }>()
  return {
    async turn(now) {
      const wanted = new Set<string>()
      for (const { name: source, tables = [] } of control.current().metadata.sources)
        for (const { name, cleanup_config } of tables.flatMap(({ event_triggers = [] }) => event_triggers)) {
          const config = configOf(cleanup_config)
          if (!config || config.paused) continue
          const key = JSON.stringify([source, name])
          wanted.add(key)
          const { schedule } = config
          const known = due.get(key)
          if (known?.schedule === schedule && known.at > now) continue
          const [at = now] = nextTimes(schedule, now, 1)
          due.set(key, { schedule, at })
          const pool = control.pool(source)
          if (known?.schedule === schedule && pool) await cleanEvents(pool, name, config).catch(onError)
        }
      for (const key of [...due.keys()]) if (!wanted.has(key)) due.delete(key)
    },
  }
}
