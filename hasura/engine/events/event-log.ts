/** Events on their way: fetched under a lock that ends, so that none is lost with its process. */
import type pg from 'pg'
import { parseExact } from '../exact-json.ts'
import type { Invocation } from './deliver.ts'

export type LoggedEvent = {
  id: string
  schema_name: string
  table_name: string
  trigger_name: string
  payload: { op: string; data: unknown; session_variables: unknown; trace_context: unknown }
  tries: number
  created_at: string
}

/** Whether a source has ever had events. */
export async function hasEventLog(pool: pg.Pool): Promise<boolean> {
  const { rows } = await pool.query<{ found: boolean }>(
    `select to_regclass('hdb_catalog.event_log') is not null as found`,
  )
  return rows[0]?.found ?? false
}

export async function claimEvents(pool: pg.Pool, most: number, leaseSeconds: number): Promise<LoggedEvent[]> {
  const { rows } = await pool.query<Omit<LoggedEvent, 'payload'> & { payload: string }>(
    `update hdb_catalog.event_log set locked = now()
     where id in (
       select id from hdb_catalog.event_log
       where delivered = false and error = false and archived = false
         and (locked is null or locked < now() - $2 * interval '1 second')
         and (next_retry_at is null or next_retry_at <= now())
       order by locked nulls first, next_retry_at nulls first, created_at
       limit $1 for update skip locked)
     returning id, schema_name, table_name, trigger_name, payload::text as payload, tries,
       to_char(created_at, 'YYYY-MM-DD"T"HH24:MI:SS.US') as created_at`,
    [most, leaseSeconds],
  )
  return rows
    .toSorted((left, right) => (left.created_at < right.created_at ? -1 : 1))
    .map(row => ({ ...row, payload: parseExact(row.payload) as LoggedEvent['payload'] }))
}

export type Outcome = { is: 'delivered' } | { is: 'retry'; afterSeconds: number } | { is: 'failed' }

export async function finishEvent(
  pool: pg.Pool,
  event: LoggedEvent,
  outcome: Outcome,
  invocation: Invocation,
): Promise<void> {
  await pool.query(
    `with logged as (
       insert into hdb_catalog.event_invocation_logs (event_id, trigger_name, status, request, response)
       values ($1, $2, $3, $4, $5))
     update hdb_catalog.event_log set locked = null, tries = tries + 1,
       delivered = $6, error = $7, next_retry_at = now() + $8 * interval '1 second' where id = $1`,
    [
      event.id,
      event.trigger_name,
      invocation.status,
      JSON.stringify(invocation.request),
      JSON.stringify(invocation.response),
      outcome.is === 'delivered',
      outcome.is === 'failed',
      outcome.is === 'retry' ? outcome.afterSeconds : null,
    ],
  )
}

/** An event whose trigger is no more waits for nobody. */
export async function archiveEvent(pool: pg.Pool, id: string): Promise<void> {
  await pool.query('update hdb_catalog.event_log set archived = true, locked = null where id = $1', [id])
}

export async function unlockEvents(pool: pg.Pool, ids: string[]): Promise<void> {
  await pool.query('update hdb_catalog.event_log set locked = null where id = any($1)', [ids])
}

/** Makes an event new again, with all its tries before it; not while somebody has it. */
export async function redeliverEvent(pool: pg.Pool, id: string): Promise<'ready' | 'busy' | 'unknown'> {
  const { rows } = await pool.query<{ free: boolean }>(
    `with found as (
       select id, locked is null or locked < now() - interval '30 minutes' as free
       from hdb_catalog.event_log where id = $1 for update),
     freed as (
       update hdb_catalog.event_log as l
       set delivered = false, error = false, archived = false, tries = 0, next_retry_at = null, locked = null
       from found where l.id = found.id and found.free)
     select free from found`,
    [id],
  )
  const [found] = rows
  if (!found) return 'unknown'
  return found.free ? 'ready' : 'busy'
}

export async function insertManual(
  pool: pg.Pool,
  { schema, table, trigger, payload }: { schema: string; table: string; trigger: string; payload: unknown },
  session: Record<string, string>,
): Promise<string> {
  const { rows } = await pool.query<{ id: string }>(
    `insert into hdb_catalog.event_log (schema_name, table_name, trigger_name, payload)
     values ($1, $2, $3, $4) returning id`,
    [
      schema,
      table,
      trigger,
      { op: 'MANUAL', data: { old: null, new: payload }, session_variables: session, trace_context: null },
    ],
  )
  return rows[0]?.id ?? ''
}
