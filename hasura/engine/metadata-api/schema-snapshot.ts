/** What the metadata speaks of, as the catalogue has it, by the numbers that survive a renaming. */
import type pg from 'pg'
import { qualified } from '../model/building.ts'
import type { State } from '../state.ts'
import type { NameOf } from './arguments.ts'

export type ColumnNow = { number: number; name: string; type: string }
export type TableNow = NameOf & { oid: string; columns: ColumnNow[] }
export type FunctionNow = NameOf & { oid: string; volatility: string }
export type Schema = { tables: TableNow[]; functions: FunctionNow[] }

const tableSql = `
select c.oid::text as oid, n.nspname as schema, c.relname as name, coalesce((
  select json_agg(json_build_object('number', a.attnum, 'name', a.attname,
    'type', pg_catalog.format_type(a.atttypid, null)) order by a.attnum)
  from pg_catalog.pg_attribute a where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped), '[]') as columns
from pg_catalog.pg_class c
join pg_catalog.pg_namespace n on n.oid = c.relnamespace`

const functionSql = `
select p.oid::text as oid, n.nspname as schema, p.proname as name, p.provolatile as volatility
from pg_catalog.pg_proc p
join pg_catalog.pg_namespace n on n.oid = p.pronamespace`

/** The tracked tables of a source, and all functions of the names that are tracked or used by computed fields. */
export async function readSchema(
  client: pg.PoolClient,
  { metadata }: State,
  source: string,
): Promise<Schema> {
  const entry = metadata.sources.find(({ name }) => name === source)
  const tables = (entry?.tables ?? []).map(({ table }) => qualified(table))
  const functions = [
    ...(entry?.functions ?? []).map(each => qualified(each.function)),
    ...(entry?.tables ?? []).flatMap(({ computed_fields = [] }) =>
      computed_fields.map(({ definition }) => qualified(definition.function)),
    ),
  ]
  const by = (names: NameOf[]) => [names.map(({ schema }) => schema), names.map(({ name }) => name)]
  const wanted = 'where (n.nspname, %) in (select * from unnest($1::text[], $2::text[]))'
  const found = await client.query<TableNow>(
    `${tableSql} ${wanted.replace('%', 'c.relname')} and c.relkind in ('r', 'p', 'v', 'm', 'f')`,
    by(tables),
  )
  const known = await client.query<FunctionNow>(
    `${functionSql} ${wanted.replace('%', 'p.proname')}`,
    by(functions),
  )
  return { tables: found.rows, functions: known.rows }
}

/** The same tables by their numbers, and the functions by their names and numbers. */
export async function readAgain(client: pg.PoolClient, { tables, functions }: Schema): Promise<Schema> {
  const found = await client.query<TableNow>(`${tableSql} where c.oid = any($1::oid[])`, [
    tables.map(({ oid }) => oid),
  ])
  const known = await client.query<FunctionNow>(
    `${functionSql} where p.oid = any($1::oid[])
       or (n.nspname, p.proname) in (select * from unnest($2::text[], $3::text[]))`,
    [
      functions.map(({ oid }) => oid),
      functions.map(({ schema }) => schema),
      functions.map(({ name }) => name),
    ],
  )
  return { tables: found.rows, functions: known.rows }
}
