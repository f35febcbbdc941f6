/** Asynchronous actions, kept in the database until their webhooks have answered. */
import type pg from 'pg'

export type LoggedAction = {
  id: string
  action_name: string
  input_payload: Record<string, unknown>
  request_headers: Record<string, string>
  session_variables: Record<string, string>
  request_query: string
}
export type LoggedResult = { id: string; created_at: string; response_payload: unknown; errors: unknown }

const createSql = `
create schema if not exists hdb_catalog;
create table if not exists hdb_catalog.hdb_action_log (
  id uuid primary key default gen_random_uuid(),
  action_name text not null,
  input_payload jsonb not null,
  request_headers jsonb not null,
  session_variables jsonb not null,
  request_query text not null default '',
  response_payload jsonb,
  errors jsonb,
  created_at timestamptz not null default now(),
  response_received_at timestamptz,
  claimed_until timestamptz,
  status text not null check (status in ('created', 'processing', 'completed', 'error'))
);
create index if not exists hdb_action_log_open on hdb_catalog.hdb_action_log (created_at)
  where status in ('created', 'processing')`

const created = new WeakMap<pg.Pool, Promise<void>>()

/** Makes the table where it is missing, once for each pool. */
export function prepareActionLog(pool: pg.Pool): Promise<void> {
  const known = created.get(pool)
  if (known) return known
  // One message is one transaction, which ends with its first fault. Two who make it would meet in the catalogue.
  const made = pool.query(`select pg_advisory_xact_lock(7033921); ${createSql}`).then(() => undefined)
  created.set(pool, made)
  made.catch(() => created.delete(pool))
  return made
}

export async function logAction(pool: pg.Pool, action: Omit<LoggedAction, 'id'>): Promise<string> {
  await prepareActionLog(pool)
  const { rows } = await pool.query<{ id: string }>(
    `insert into hdb_catalog.hdb_action_log
       (action_name, input_payload, request_headers, session_variables, request_query, status)
     values ($1, $2, $3, $4, $5, 'created') returning id`,
    [
      action.action_name,
      action.input_payload,
      action.request_headers,
      action.session_variables,
      action.request_query,
    ],
  )
  return rows[0]?.id ?? ''
}

/** Takes actions that wait, and those whose process went away: they are called once more. */
export async function claimActions(
  pool: pg.Pool,
  most: number,
  leaseSeconds: number,
): Promise<LoggedAction[]> {
  const { rows } = await pool.query<LoggedAction>(
    `update hdb_catalog.hdb_action_log set status = 'processing', claimed_until = now() + $2 * interval '1 second'
     where id in (
       select id from hdb_catalog.hdb_action_log
       where status = 'created' or (status = 'processing' and claimed_until < now())
       order by created_at limit $1 for update skip locked)
     returning id, action_name, input_payload, request_headers, session_variables, request_query`,
    [most, leaseSeconds],
  )
  return rows
}

export async function finishAction(
  pool: pg.Pool,
  id: string,
  { payload, errors }: { payload?: unknown; errors?: unknown },
): Promise<void> {
  await pool.query(
    `update hdb_catalog.hdb_action_log
     set status = $2, response_payload = $3, errors = $4, response_received_at = now() where id = $1`,
    [
      id,
      errors === undefined ? 'completed' : 'error',
      payload === undefined ? null : JSON.stringify(payload),
      errors === undefined ? null : JSON.stringify(errors),
    ],
  )
}

/** Whoever asked may see it: `session` undefined is admin. */
export async function findAction(
  pool: pg.Pool,
  { name, id, session }: { name: string; id: string; session: Record<string, string> | undefined },
): Promise<LoggedResult | undefined> {
  await prepareActionLog(pool)
  const { rows } = await pool.query<LoggedResult>(
    `select id, to_json(created_at) #>> '{}' as created_at, response_payload, errors
     from hdb_catalog.hdb_action_log
     where id::text = lower($1) and action_name = $2 and ($3::jsonb is null or session_variables = $3)`,
    [id, name, session ?? null],
  )
  return rows[0]
}
