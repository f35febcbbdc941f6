/**
 * `pg_suggest_relationships`: for each foreign key between tracked tables, the relationship and the way back.
 *
 * Source: https://hasura.io/docs/2.0/api-reference/metadata-api/relationship/#pg-suggest-relationships
 */
import { type CatalogForeignKey, type CatalogTable, readCatalog } from '../catalog.ts'
import { qualifiedKey, type Table } from '../model.ts'
import type { Act } from './acts.ts'
import { flag, list, type NameOf, sourceName, tableName } from './arguments.ts'
import { connected } from './source-acts.ts'

type End = { table: NameOf; columns: string[]; constraint_name?: string }
type Suggestion = { type: 'object' | 'array'; from: End; to: End }

export const suggestRelationships: Act = async ({ control }, args) => {
  const source = sourceName(args)
  const pool = connected(control, source)
  const tracked = control.current().model.tablesBySource.get(source) ?? new Map<string, Table>()
  const names = args.tables === undefined || args.tables === null ? undefined : list(args, 'tables')
  const wanted = names && new Set(names.map((name, at) => qualifiedKey(tableName(name, `$.tables[${at}]`))))
  const isWanted = (table: NameOf) => wanted?.has(qualifiedKey(table)) ?? true
  const tables = [...tracked.values()].map(({ schema, name }) => ({ schema, name }))
  const catalog = await readCatalog(pool, { tables, functions: [] })
  const omitted = flag(args, 'omit_tracked')
  const relationships = catalog.tables.flatMap(table =>
    table.foreign_keys
      .filter(key => tracked.has(qualifiedKey(key.table)) && (isWanted(table) || isWanted(key.table)))
      .flatMap(key => suggestionsOf(table, key))
      .filter(suggestion => !omitted || !isTracked(tracked, suggestion)),
  )
  return { relationships }
}

/** One row there for one here, where the columns here are unique. */
function suggestionsOf({ schema, name, unique_keys }: CatalogTable, key: CatalogForeignKey): Suggestion[] {
  const here: End = { table: { schema, name }, columns: key.columns, constraint_name: key.name }
  const there: End = { table: key.table, columns: key.references }
  const isUnique = unique_keys.some(({ columns }) => sameColumns(columns, key.columns))
  return [
    { type: 'object', from: here, to: there },
    { type: isUnique ? 'object' : 'array', from: there, to: here },
  ]
}

function sameColumns(some: string[], others: string[]): boolean {
  return some.toSorted().join('\0') === others.toSorted().join('\0')
}

function isTracked(tables: ReadonlyMap<string, Table>, { from, to }: Suggestion): boolean {
  const fields = tables.get(qualifiedKey(from.table))?.fields.values() ?? []
  const wanted = from.columns.map((column, position) => `${column}\0${to.columns[position]}`)
  return [...fields].some(
    field =>
      field.is === 'relation' &&
      qualifiedKey(field.table) === qualifiedKey(to.table) &&
      sameColumns(
        field.columns.map(([here, there]) => `${here.name}\0${there.name}`),
        wanted,
      ),
  )
}
