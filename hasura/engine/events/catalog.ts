/** The tables and triggers of events, in a source's own schema hdb_catalog, as Hasura names them. */
import type pg from 'pg'
import type { EventTriggerMetadata, OperationSpec } from '../metadata-types.ts'
import { id } from '../print/text.ts'

export type TableOfTrigger = { schema: string; name: string; columns: { name: string; text: boolean }[] }
export type WantedTrigger = { trigger: EventTriggerMetadata; table: TableOfTrigger }

/** Everybody who changes these waits here: two would meet in the catalogue. */
const lock = 7033922

const tablesSql = `
create schema if not exists hdb_catalog;
create table if not exists hdb_catalog.event_log (
  id text primary key default gen_random_uuid(),
  schema_name text not null,
  table_name text not null,
  trigger_name text not null,
  payload jsonb not null,
  delivered boolean not null default false,
  error boolean not null default false,
  tries integer not null default 0,
  created_at timestamp not null default (now() at time zone 'utc'),
  locked timestamptz,
  next_retry_at timestamptz,
  archived boolean not null default false
);
create index if not exists event_log_fetch_events on hdb_catalog.event_log (locked nulls first, next_retry_at nulls first, created_at)
  where delivered = false and error = false and archived = false;
create table if not exists hdb_catalog.event_invocation_logs (
  id text primary key default gen_random_uuid(),
  trigger_name text,
  event_id text references hdb_catalog.event_log (id) on delete cascade,
  status integer,
  request json,
  response json,
  created_at timestamp not null default (now() at time zone 'utc')
);
create index if not exists event_invocation_logs_event_id_idx on hdb_catalog.event_invocation_logs (event_id);
create or replace function hdb_catalog.insert_event_log(
  schema_name text, table_name text, trigger_name text, op text, row_data json) returns text as $body$
declare
  event_id text := gen_random_uuid();
  session_variables json := nullif(current_setting('hasura.user', true), '')::json;
begin
  insert into hdb_catalog.event_log (id, schema_name, table_name, trigger_name, payload)
  values (event_id, schema_name, table_name, trigger_name,
    json_build_object('op', op, 'data', row_data, 'session_variables', session_variables,
      'trace_context', nullif(current_setting('hasura.tracecontext', true), '')::json));
  return event_id;
end $body$ language plpgsql;`

const prefix = 'notify_hasura_'

/** Makes the triggers of a source those that are wanted. */
export async function syncTriggers(pool: pg.Pool, wanted: WantedTrigger[]): Promise<void> {
  const client = await pool.connect()
  let broken: Error | undefined
  try {
    await client.query('begin')
    await client.query('select pg_advisory_xact_lock($1)', [lock])
    const present = await functionsPresent(client)
    if (wanted.length > 0) await client.query(tablesSql)
    const statements = wanted.flatMap(statementsOf)
    const names = new Set(statements.map(({ name }) => name))
    for (const name of present)
      if (!names.has(name)) await client.query(`drop function hdb_catalog.${id(name)}() cascade`)
    for (const { sql } of statements) await client.query(sql)
    await client.query('commit')
  } catch (cause) {
    broken = cause instanceof Error ? cause : new Error(String(cause))
    await client.query('rollback').catch(() => undefined)
    throw broken
  } finally {
    client.release()
  }
}

/** Forgets all events of a source. */
export async function dropEvents(pool: pg.Pool): Promise<void> {
  await syncTriggers(pool, [])
  await pool.query(`
    drop table if exists hdb_catalog.event_invocation_logs, hdb_catalog.event_log;
    drop function if exists hdb_catalog.insert_event_log(text, text, text, text, json)`)
}

async function functionsPresent(client: pg.PoolClient): Promise<string[]> {
  const { rows } = await client.query<{ name: string }>(
    `select p.proname as name from pg_catalog.pg_proc p
     join pg_catalog.pg_namespace n on n.oid = p.pronamespace
     where n.nspname = 'hdb_catalog' and starts_with(p.proname, $1)`,
    [prefix],
  )
  return rows.map(({ name }) => name)
}

const operations = ['insert', 'update', 'delete'] as const
type Operation = (typeof operations)[number]

function statementsOf({ trigger, table }: WantedTrigger): { name: string; sql: string }[] {
  return operations.flatMap(operation => {
    const spec = trigger.definition[operation]
    if (!spec) return []
    const name = `${prefix}${trigger.name}_${operation.toUpperCase()}`
    return [{ name, sql: triggerSql(name, { trigger, table }, operation, spec) }]
  })
}

function literal(text: string): string {
  const escaped = text.replaceAll("'", "''")
  return text.includes('\\') ? `E'${escaped.replaceAll('\\', '\\\\')}'` : `'${escaped}'`
}

function triggerSql(name: string, wanted: WantedTrigger, operation: Operation, spec: OperationSpec): string {
  const { table, trigger } = wanted
  const payload = spec.payload ?? (operation === 'update' ? '*' : spec.columns)
  const row = (of: 'old' | 'new') => objectSql(of, chosen(table, payload))
  const data = `json_build_object('old', ${operation === 'insert' ? 'null' : row('old')}, 'new', ${operation === 'delete' ? 'null' : row('new')})`
  const listened = chosen(table, spec.columns)
  // As JSON, because not every type has an operator for being equal.
  const changed = `${objectSql('old', listened)}::jsonb is distinct from ${objectSql('new', listened)}::jsonb`
  const call = `perform hdb_catalog.insert_event_log(${[table.schema, table.name, trigger.name, operation.toUpperCase()].map(literal).join(', ')}, ${data});`
  const body = operation === 'update' ? `if ${changed} then ${call} end if;` : call
  return `create or replace function hdb_catalog.${id(name)}() returns trigger as ${literal(`begin ${body} return null; end`)} language plpgsql;
    drop trigger if exists ${id(name)} on ${id(table.schema)}.${id(table.name)};
    create trigger ${id(name)} after ${operation} on ${id(table.schema)}.${id(table.name)}
      for each row execute function hdb_catalog.${id(name)}()`
}

function chosen(table: TableOfTrigger, columns: '*' | string[]): TableOfTrigger['columns'] {
  return columns === '*' ? table.columns : table.columns.filter(({ name }) => columns.includes(name))
}

/** json_build_object takes a hundred arguments at most; a list of pairs has no end. */
function objectSql(of: 'old' | 'new', columns: TableOfTrigger['columns']): string {
  if (columns.length === 0) return `'{}'::json`
  const pairs = columns.map(({ name, text }) => {
    const value = `${of}.${id(name)}`
    return `(${literal(name)}, to_json(${text ? `${value}::text` : value}))`
  })
  return `(select json_object_agg(k, v) from (values ${pairs.join(', ')}) as _row (k, v))`
}
