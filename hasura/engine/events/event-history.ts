/** What was and is of events: for those who look after webhooks that fail. Times in UTC, as Hasura writes them. */
import type pg from 'pg'
import { parseExact } from '../exact-json.ts'
import { hasEventLog } from './event-log.ts'

export type Page = { limit: number; offset: number }
/** Undefined: all of them. */
export type EventStatus = 'pending' | 'processed' | undefined

const time = (column: string, zone = '') =>
  `to_char(${column}${zone}, 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as ${column}`
const utc = ` at time zone 'utc'`

const eventsSql = `
select id, schema_name, table_name, trigger_name, payload, delivered, error, tries, archived,
  ${time('created_at')}, ${time('locked', utc)}, ${time('next_retry_at', utc)}
from hdb_catalog.event_log`
const invocationsSql = `
select id, trigger_name, event_id, status, request, response, ${time('created_at')}
from hdb_catalog.event_invocation_logs`

const having: Record<NonNullable<EventStatus>, string> = {
  pending: 'and not delivered and not error and not archived',
  processed: 'and (delivered or error) and not archived',
}

/** The newest first. */
export function eventsOf(
  pool: pg.Pool,
  trigger: string,
  { status, ...page }: Page & { status: EventStatus },
): Promise<unknown[]> {
  const which = `trigger_name = $1 ${status === undefined ? '' : having[status]}`
  return listed(pool, `${eventsSql} where ${which}`, { by: trigger, page, time: 'event_log.created_at' })
}

export function invocationsOf(pool: pg.Pool, trigger: string, page: Page): Promise<unknown[]> {
  return listed(pool, `${invocationsSql} where trigger_name = $1`, {
    by: trigger,
    page,
    time: 'event_invocation_logs.created_at',
  })
}

/** Undefined when there is none. */
export async function eventById(
  pool: pg.Pool,
  id: string,
  page: Page,
): Promise<{ event: unknown; invocations: unknown[] } | undefined> {
  const one = { limit: 1, offset: 0 }
  const [event] = await listed(pool, `${eventsSql} where id = $1`, {
    by: id,
    page: one,
    time: 'event_log.created_at',
  })
  if (event === undefined) return undefined
  const invocations = await listed(pool, `${invocationsSql} where event_id = $1`, {
    by: id,
    page,
    time: 'event_invocation_logs.created_at',
  })
  return { event, invocations }
}

/** As text, so that numbers of rows keep their digits. */
async function listed(
  pool: pg.Pool,
  select: string,
  { by, page: { limit, offset }, time }: { by: string; page: Page; time: string },
): Promise<unknown[]> {
  if (!(await hasEventLog(pool))) return []
  const { rows } = await pool.query<{ found: string }>(
    `select row_to_json(_row)::text as found from (${select} order by ${time} desc limit $2 offset $3) as _row`,
    [by, limit, offset],
  )
  return rows.map(({ found }) => parseExact(found))
}
