/** What a filter or check of a permission is about: columns, relationships, computed fields, tables of `_exists`. */

import type { CatalogType } from '../catalog.ts'
import type { BoolExpJson, Json } from '../metadata-types.ts'
import { qualifiedKey, type Table } from '../model.ts'
import { qualified, shown } from './building.ts'
import { operatorFault } from './operators.ts'

export type Reference = {
  table: Table
  /** Undefined: the table as such. */
  field: string | undefined
  /** Compared to a value of the metadata that is no session variable: depends on the column's type. */
  literal: boolean
}
export type Walked = { references: Reference[]; faults: string[] }
/** Gives another name to a field of a table, or the same. */
export type Renamed = (table: Table, field: string) => string

type Walk = Walked & { tables: ReadonlyMap<string, Table>; root: Table; renamed: Renamed }

export function referencesOf(table: Table, filter: BoolExpJson, tables: ReadonlyMap<string, Table>): Walked {
  const walk: Walk = { references: [], faults: [], tables, root: table, renamed: (_, field) => field }
  walkFilter(walk, table, filter)
  return { references: walk.references, faults: walk.faults }
}

/** The filter with its fields renamed. */
export function renamedFilter(
  table: Table,
  filter: BoolExpJson,
  { tables, renamed }: { tables: ReadonlyMap<string, Table>; renamed: Renamed },
): BoolExpJson {
  return walkFilter({ references: [], faults: [], tables, root: table, renamed }, table, filter)
}

function isObject(value: Json | undefined): value is BoolExpJson {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function walkFilter(walk: Walk, table: Table, filter: BoolExpJson): BoolExpJson {
  return Object.fromEntries(Object.entries(filter).map(([key, value]) => walkMember(walk, table, key, value)))
}

function walkMember(walk: Walk, table: Table, key: string, value: Json): [string, Json] {
  const each = (item: Json) => (isObject(item) ? walkFilter(walk, table, item) : item)
  if (['_and', '$and', '_or', '$or'].includes(key))
    return [key, Array.isArray(value) ? value.map(each) : each(value)]
  if (['_not', '$not'].includes(key)) return [key, each(value)]
  if (['_exists', '$exists'].includes(key)) return [key, isObject(value) ? walkExists(walk, value) : value]
  const field = table.byColumnName.get(key) ?? table.fields.get(key)
  if (!field) {
    walk.faults.push(`column "${key}" does not exist`)
    return [key, value]
  }
  const literal = field.is === 'column' && holdsLiteral(value)
  walk.references.push({ table, field: key, literal })
  const name = walk.renamed(table, key)
  const target =
    field.is === 'relation'
      ? field.table
      : field.is === 'computed' && field.returns.is === 'table'
        ? field.returns.table
        : undefined
  if (target) {
    walk.references.push({ table: target, field: undefined, literal: false })
    return [name, isObject(value) ? walkFilter(walk, target, value) : value]
  }
  const type =
    field.is === 'column'
      ? field.type
      : field.is === 'computed' && field.returns.is === 'scalar'
        ? field.returns.type
        : undefined
  return [name, isObject(value) && type ? walkComparisons(walk, table, type, value) : value]
}

function walkExists(walk: Walk, exists: BoolExpJson): BoolExpJson {
  const named = exists._table ?? exists.$table
  const name =
    typeof named === 'string'
      ? qualified(named)
      : isObject(named) && typeof named.name === 'string'
        ? qualified({ name: named.name, schema: typeof named.schema === 'string' ? named.schema : 'public' })
        : undefined
  const target = name && walk.tables.get(qualifiedKey(name))
  if (!target) {
    walk.faults.push(`table "${name ? shown(name) : ''}" does not exist`)
    return exists
  }
  walk.references.push({ table: target, field: undefined, literal: false })
  const key = '_where' in exists ? '_where' : '$where'
  const where = exists[key]
  return isObject(where) ? { ...exists, [key]: walkFilter(walk, target, where) } : exists
}

/** `{_ceq: "column"}` and `{_ceq: ["$", "column"]}` name columns as values. */
function walkComparisons(walk: Walk, table: Table, type: CatalogType, comparisons: BoolExpJson): BoolExpJson {
  const keys = Object.keys(comparisons)
  // `{"size": {"width": 3}}` compares with a value of jsonb.
  if (keys.every(key => /^[_$]/.test(key)))
    walk.faults.push(...keys.flatMap(key => operatorFault(key, type) ?? []))
  const entries = Object.entries(comparisons).map(([operator, value]): [string, Json] => {
    if (!/^[_$]c(eq|ne|gt|lt|gte|lte|like|nlike|ilike|nilike|similar|nsimilar)$/.test(operator))
      return [operator, value]
    const path = Array.isArray(value) ? value : [value]
    const column = path.at(-1)
    const of = path[0] === '$' ? walk.root : table
    if (typeof column !== 'string' || !of.byColumnName.has(column)) return [operator, value]
    walk.references.push({ table: of, field: column, literal: false })
    const name = walk.renamed(of, column)
    return [operator, Array.isArray(value) ? [...value.slice(0, -1), name] : name]
  })
  return Object.fromEntries(entries)
}

function holdsLiteral(value: Json): boolean {
  if (value === null) return false
  if (typeof value === 'string') return !/^x-hasura-/i.test(value)
  if (Array.isArray(value)) return value.some(holdsLiteral)
  if (typeof value !== 'object') return true
  return Object.entries(value).some(
    ([operator, item]) =>
      !/^[_$](c|is_null)/.test(operator) &&
      !(typeof item === 'boolean' && operator.endsWith('is_null')) &&
      holdsLiteral(item),
  )
}
