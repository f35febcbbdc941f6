/** Scheduled events, in the schema hdb_catalog of one source: those that cron triggers make, and single ones. */
import type pg from 'pg'
import type { Invocation } from '../events/deliver.ts'

export type Scheduled = {
  id: string
  /** cron: of a trigger of the metadata; single: made by create_scheduled_event. */
  kind: 'cron' | 'single'
  /** Of the trigger; null for a single one. */
  trigger_name: string | null
  scheduled_time: string
  created_at: string
  tries: number
  webhook: string | null
  payload: unknown
  header_conf: { name: string; value?: string; value_from_env?: string }[] | null
  retry_conf: Record<string, number> | null
  comment: string | null
}

const tablesSql = `
create schema if not exists hdb_catalog;
create table if not exists hdb_catalog.hdb_cron_events (
  id text primary key default gen_random_uuid(),
  trigger_name text not null,
  scheduled_time timestamptz not null,
  status text not null default 'scheduled' check (status in ('scheduled', 'locked', 'delivered', 'error', 'dead')),
  tries integer not null default 0,
  created_at timestamptz not null default now(),
  next_retry_at timestamptz,
  locked_at timestamptz,
  unique (trigger_name, scheduled_time)
);
create table if not exists hdb_catalog.hdb_scheduled_events (
  id text primary key default gen_random_uuid(),
  webhook_conf text not null,
  scheduled_time timestamptz not null,
  retry_conf json,
  payload json,
  header_conf json,
  status text not null default 'scheduled' check (status in ('scheduled', 'locked', 'delivered', 'error', 'dead')),
  tries integer not null default 0,
  created_at timestamptz not null default now(),
  next_retry_at timestamptz,
  locked_at timestamptz,
  comment text
);
create table if not exists hdb_catalog.hdb_cron_event_invocation_logs (
  id text primary key default gen_random_uuid(),
  event_id text references hdb_catalog.hdb_cron_events (id) on delete cascade,
  status integer,
  request json,
  response json,
  created_at timestamptz not null default now()
);
create table if not exists hdb_catalog.hdb_scheduled_event_invocation_logs (
  id text primary key default gen_random_uuid(),
  event_id text references hdb_catalog.hdb_scheduled_events (id) on delete cascade,
  status integer,
  request json,
  response json,
  created_at timestamptz not null default now()
);
create index if not exists hdb_cron_event_invocations on hdb_catalog.hdb_cron_event_invocation_logs (event_id, created_at);
create index if not exists hdb_scheduled_event_invocations on hdb_catalog.hdb_scheduled_event_invocation_logs (event_id, created_at);
create index if not exists hdb_cron_events_due on hdb_catalog.hdb_cron_events (scheduled_time) where status in ('scheduled', 'locked');
create index if not exists hdb_scheduled_events_due on hdb_catalog.hdb_scheduled_events (scheduled_time) where status in ('scheduled', 'locked')`

const prepared = new WeakMap<pg.Pool, Promise<void>>()

export function prepareSchedule(pool: pg.Pool): Promise<void> {
  const known = prepared.get(pool)
  if (known) return known
  const made = pool
    // One message is one transaction, which ends with its first fault. Two who make it would meet in the catalogue.
    .query(`select pg_advisory_xact_lock(7033923); ${tablesSql}`)
    .then(() => undefined)
  prepared.set(pool, made)
  made.catch(() => prepared.delete(pool))
  return made
}

/** A time that is there already stays as it is. */
export async function plan(pool: pg.Pool, trigger: string, times: Date[]): Promise<void> {
  await pool.query(
    `insert into hdb_catalog.hdb_cron_events (trigger_name, scheduled_time)
     select $1, time from unnest($2::timestamptz[]) as _times (time) on conflict do nothing`,
    [trigger, times.map(time => time.toISOString())],
  )
}

/** The database's time, which says what lies ahead: the clocks of servers differ. */
export async function timeOf(pool: pg.Pool): Promise<Date> {
  const { rows } = await pool.query<{ ms: number }>('select extract(epoch from now())::float8 * 1000 as ms')
  return new Date(rows[0]?.ms ?? Date.now())
}

/** How many events lie ahead, and the last of them. */
export async function ahead(pool: pg.Pool, trigger: string): Promise<{ count: number; last: Date | null }> {
  const { rows } = await pool.query<{ count: string; last: Date | null }>(
    `select count(*) as count, max(scheduled_time) as last from hdb_catalog.hdb_cron_events
     where trigger_name = $1 and status = 'scheduled' and scheduled_time > now()`,
    [trigger],
  )
  return { count: Number(rows[0]?.count ?? 0), last: rows[0]?.last ?? null }
}

/** What is planned of a trigger that is gone. */
export async function unplan(pool: pg.Pool, trigger: string): Promise<void> {
  await pool.query(
    `delete from hdb_catalog.hdb_cron_events where trigger_name = $1 and status = 'scheduled'`,
    [trigger],
  )
}

/** What lies ahead and is at none of these times: it was planned by another schedule. What is due stays due. */
export async function unplanOthers(pool: pg.Pool, trigger: string, times: Date[]): Promise<void> {
  await pool.query(
    `delete from hdb_catalog.hdb_cron_events
     where trigger_name = $1 and status = 'scheduled' and scheduled_time > now()
       and scheduled_time <> all ($2::timestamptz[])`,
    [trigger, times.map(time => time.toISOString())],
  )
}

const claim = (table: string, columns: string) => `
update hdb_catalog.${table} set status = 'locked', locked_at = now()
where id in (
  select id from hdb_catalog.${table}
  where ((status = 'scheduled' and scheduled_time <= now() and (next_retry_at is null or next_retry_at <= now()))
    or (status = 'locked' and locked_at < now() - $2 * interval '1 second'))
  order by scheduled_time limit $1 for update skip locked)
returning id, to_json(scheduled_time) #>> '{}' as scheduled_time, to_json(created_at) #>> '{}' as created_at, tries, ${columns}`

const claimCron = claim(
  'hdb_cron_events',
  `'cron' as kind, trigger_name, null as webhook, null as payload, null as header_conf, null as retry_conf, null as comment`,
)
const claimSingle = claim(
  'hdb_scheduled_events',
  `'single' as kind, null as trigger_name, webhook_conf as webhook, payload, header_conf, retry_conf, comment`,
)

export async function claimDue(pool: pg.Pool, most: number, leaseSeconds: number): Promise<Scheduled[]> {
  const cron = await pool.query<Scheduled>(claimCron, [most, leaseSeconds])
  const left = most - cron.rows.length
  // Cron triggers that fill every turn leave one place to the others.
  const single = await pool.query<Scheduled>(claimSingle, [Math.max(1, left), leaseSeconds])
  return [...cron.rows, ...single.rows]
}

export type Finish =
  | { status: 'delivered' | 'error' | 'dead' }
  | { status: 'scheduled'; afterSeconds: number }

/** Marks an event, and keeps what was asked and answered when somebody was asked. */
export async function finishDue(
  pool: pg.Pool,
  { kind, id }: Scheduled,
  finish: Finish,
  invocation?: Invocation,
): Promise<void> {
  const [events, invocations] = tablesOf(kind)
  const logged = `logged as (
    insert into ${invocations} (event_id, status, request, response)
    select $1, $4::int, $5::json, $6::json where $5 is not null)`
  await pool.query(
    `with ${logged} update ${events} set status = $2, tries = tries + 1, locked_at = null,
       next_retry_at = now() + $3 * interval '1 second' where id = $1`,
    [
      id,
      finish.status,
      finish.status === 'scheduled' ? finish.afterSeconds : null,
      invocation?.status ?? null,
      invocation ? JSON.stringify(invocation.request) : null,
      invocation ? JSON.stringify(invocation.response) : null,
    ],
  )
}

/** The events, and what became of them. */
export function tablesOf(kind: Scheduled['kind']): [events: string, invocations: string] {
  return kind === 'cron'
    ? ['hdb_catalog.hdb_cron_events', 'hdb_catalog.hdb_cron_event_invocation_logs']
    : ['hdb_catalog.hdb_scheduled_events', 'hdb_catalog.hdb_scheduled_event_invocation_logs']
}
