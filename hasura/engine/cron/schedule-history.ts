/** What was, is and will be of schedules, in pages. Times in UTC. */
import type pg from 'pg'
import { parseExact } from '../exact-json.ts'
import { type Scheduled, tablesOf } from './catalog.ts'

export type HistoryPage = { limit: number; offset: number; withCount: boolean }
export type Listed = { count?: number; rows: unknown[] }

const time = (column: string) =>
  `to_char(${column} at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as ${column}`
const common = `id, status, tries, ${time('scheduled_time')}, ${time('created_at')}, ${time('next_retry_at')}`
const columns: Record<Scheduled['kind'], string> = {
  cron: `${common}, trigger_name`,
  single: `${common}, webhook_conf, retry_conf, payload, header_conf, comment`,
}

/** By time; `trigger` null is all. An empty list of `statuses` is every status. */
export function scheduledEvents(
  pool: pg.Pool,
  kind: Scheduled['kind'],
  { trigger, statuses, ...page }: HistoryPage & { trigger: string | null; statuses: string[] },
): Promise<Listed> {
  const [events] = tablesOf(kind)
  const ofTrigger = kind === 'cron' ? 'trigger_name = $1' : '$1::text is null'
  const which = `from ${events} where ${ofTrigger} and (cardinality($2::text[]) = 0 or status = any ($2))`
  return listed(
    pool,
    { columns: columns[kind], which, by: `${events}.scheduled_time` },
    [trigger, statuses],
    page,
  )
}

/** The newest first: of one event, of a trigger, or of all single events. */
export function scheduledInvocations(
  pool: pg.Pool,
  kind: Scheduled['kind'],
  { trigger, event, ...page }: HistoryPage & { trigger: string | null; event: string | null },
): Promise<Listed> {
  const [events, invocations] = tablesOf(kind)
  const ofTrigger =
    kind === 'cron' ? `event_id in (select id from ${events} where trigger_name = $1)` : '$1::text is null'
  const which = `from ${invocations} where case when $2::text is null then ${ofTrigger} else event_id = $2 end`
  const asked = `id, event_id, status, request, response, ${time('created_at')}`
  return listed(pool, { columns: asked, which, by: `${invocations}.created_at desc` }, [trigger, event], page)
}

/** As text, so that numbers in payloads keep their digits. */
async function listed(
  pool: pg.Pool,
  { columns, which, by }: { columns: string; which: string; by: string },
  values: unknown[],
  { limit, offset, withCount }: HistoryPage,
): Promise<Listed> {
  const { rows } = await pool.query<{ found: string }>(
    `select row_to_json(_row)::text as found from (select ${columns} ${which} order by ${by} limit $3 offset $4) as _row`,
    [...values, limit, offset],
  )
  const found = rows.map(row => parseExact(row.found))
  if (!withCount) return { rows: found }
  const { rows: counted } = await pool.query<{ count: number }>(
    `select count(*)::int as count ${which}`,
    values,
  )
  return { count: counted[0]?.count ?? 0, rows: found }
}
