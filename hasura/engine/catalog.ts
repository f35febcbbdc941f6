/** Stage 2: pg_catalog → the tables, columns, types, keys and functions that the metadata names. */
import type pg from 'pg'

export type CatalogType = {
  /** `int4`, `_text`, `citext`; a domain is given by its base type. */
  name: string
  schema: string
  /** b base, c composite, e enum, r range, m multirange. */
  kind: string
  /** Name and schema of the element, when this is an array. */
  element?: { name: string; schema: string; kind: string } | null
}
export type CatalogColumn = {
  name: string
  position: number
  type: CatalogType
  nullable: boolean
  /** Its own, or that of its domain. */
  has_default: boolean
  /** a always, d by default. */
  identity: '' | 'a' | 'd'
  generated: boolean
  comment: string | null
}
export type CatalogKey = { name: string; columns: string[] }
/** Of an index, which need not be a constraint, and may be on expressions or on a part of the rows. */
export type CatalogUniqueKey = CatalogKey & { is_constraint: boolean }
export type CatalogForeignKey = CatalogKey & { table: { schema: string; name: string }; references: string[] }
export type CatalogTable = {
  schema: string
  name: string
  /** r table, p partitioned, v view, m materialised view, f foreign table. */
  kind: string
  comment: string | null
  columns: CatalogColumn[]
  primary_key: CatalogKey | null
  unique_keys: CatalogUniqueKey[]
  foreign_keys: CatalogForeignKey[]
  insertable: boolean
  updatable: boolean
  deletable: boolean
}
export type CatalogFunction = {
  schema: string
  name: string
  volatility: 'immutable' | 'stable' | 'volatile'
  comment: string | null
  returns: CatalogType
  returns_set: boolean
  variadic: boolean
  arguments: { name: string; type: CatalogType; has_default: boolean }[]
}
/** Anything that runs a query: a pool, or one connection of it. */
export type CatalogReader = Pick<pg.Pool, 'query'>

export type Catalog = { tables: CatalogTable[]; functions: CatalogFunction[] }
export type NameInSchema = { schema: string; name: string }

/** Reads what is asked for and exists; what is missing is simply not in the answer. */
export async function readCatalog(
  pool: CatalogReader,
  wanted: { tables: NameInSchema[]; functions: NameInSchema[] },
): Promise<Catalog> {
  const [tables, functions] = await Promise.all([
    readAll<CatalogTable>(pool, tablesSql, wanted.tables),
    wanted.functions.length ? readAll<CatalogFunction>(pool, functionsSql, wanted.functions) : [],
  ])
  return { tables, functions }
}

async function readAll<T>(pool: CatalogReader, text: string, names: NameInSchema[]): Promise<T[]> {
  const values = [names.map(({ schema }) => schema), names.map(({ name }) => name)]
  const { rows } = await pool.query<{ found: T }>({ text, values })
  return rows.map(({ found }) => found)
}

const typeSql = (oid: string) => `(
  select json_build_object('name', ty.typname, 'schema', tn.nspname, 'kind', ty.typtype,
    'element', case when ty.typcategory = 'A' and el.oid is not null
      then json_build_object('name', el.typname, 'schema', en.nspname, 'kind', el.typtype) end)
  from pg_catalog.pg_type declared
  join pg_catalog.pg_type ty on ty.oid = case when declared.typtype = 'd' then declared.typbasetype else declared.oid end
  join pg_catalog.pg_namespace tn on tn.oid = ty.typnamespace
  left join pg_catalog.pg_type el on el.oid = ty.typelem
  left join pg_catalog.pg_namespace en on en.oid = el.typnamespace
  where declared.oid = ${oid})`

const namesOf = (relation: string, numbers: string) => `(
  select json_agg(ka.attname order by u.position)
  from unnest(${numbers}) with ordinality as u (attnum, position)
  join pg_catalog.pg_attribute ka on ka.attrelid = ${relation} and ka.attnum = u.attnum)`

const tablesSql = `
select json_build_object(
  'schema', n.nspname, 'name', c.relname, 'kind', c.relkind,
  'comment', pg_catalog.obj_description(c.oid, 'pg_class'),
  'columns', (
    select coalesce(json_agg(json_build_object(
      'name', a.attname, 'position', a.attnum, 'type', ${typeSql('a.atttypid')},
      'nullable', not a.attnotnull, 'identity', a.attidentity,
      'has_default', a.atthasdef or (select typdefault is not null from pg_catalog.pg_type where oid = a.atttypid),
      'generated', a.attgenerated <> '', 'comment', pg_catalog.col_description(c.oid, a.attnum)
    ) order by a.attnum), '[]')
    from pg_catalog.pg_attribute a where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped),
  'primary_key', (
    select json_build_object('name', k.conname, 'columns', ${namesOf('k.conrelid', 'k.conkey')})
    from pg_catalog.pg_constraint k where k.conrelid = c.oid and k.contype = 'p'),
  'unique_keys', (
    select coalesce(json_agg(json_build_object('name', i.relname,
      'columns', coalesce(${namesOf('x.indrelid', 'x.indkey::int2[]')}, '[]'),
      'is_constraint', exists (select from pg_catalog.pg_constraint k where k.conindid = i.oid and k.contype = 'u'))
      order by i.relname), '[]')
    from pg_catalog.pg_index x join pg_catalog.pg_class i on i.oid = x.indexrelid
    where x.indrelid = c.oid and x.indisunique and not x.indisprimary),
  'foreign_keys', (
    select coalesce(json_agg(json_build_object('name', k.conname, 'columns', ${namesOf('k.conrelid', 'k.conkey')},
      'table', json_build_object('schema', fn.nspname, 'name', fc.relname),
      'references', ${namesOf('k.confrelid', 'k.confkey')}) order by k.conname), '[]')
    from pg_catalog.pg_constraint k
    join pg_catalog.pg_class fc on fc.oid = k.confrelid
    join pg_catalog.pg_namespace fn on fn.oid = fc.relnamespace
    where k.conrelid = c.oid and k.contype = 'f'),
  'updatable', pg_catalog.pg_relation_is_updatable(c.oid, true) & 4 = 4,
  'insertable', pg_catalog.pg_relation_is_updatable(c.oid, true) & 8 = 8,
  'deletable', pg_catalog.pg_relation_is_updatable(c.oid, true) & 16 = 16
) as found
from unnest($1::text[], $2::text[]) as wanted (schema, name)
join pg_catalog.pg_namespace n on n.nspname = wanted.schema
join pg_catalog.pg_class c on c.relnamespace = n.oid and c.relname = wanted.name
where c.relkind in ('r', 'p', 'v', 'm', 'f')`

const functionsSql = `
select json_build_object(
  'schema', n.nspname, 'name', p.proname,
  'volatility', case p.provolatile when 'i' then 'immutable' when 's' then 'stable' else 'volatile' end,
  'comment', pg_catalog.obj_description(p.oid, 'pg_proc'),
  'returns', ${typeSql('p.prorettype')}, 'returns_set', p.proretset, 'variadic', p.provariadic <> 0,
  'arguments', (
    select coalesce(json_agg(json_build_object(
      'name', coalesce(p.proargnames[x.position], ''), 'type', ${typeSql('x.oid')},
      'has_default', x.position > p.pronargs - p.pronargdefaults) order by x.position), '[]')
    from unnest(p.proargtypes::oid[]) with ordinality as x (oid, position))
) as found
from unnest($1::text[], $2::text[]) as wanted (schema, name)
join pg_catalog.pg_namespace n on n.nspname = wanted.schema
join pg_catalog.pg_proc p on p.pronamespace = n.oid and p.proname = wanted.name
where p.prokind = 'f' and not exists (
  select from pg_catalog.pg_aggregate g where g.aggfnoid = p.oid)`
