/** Types of Postgres under their names in GraphQL. */
import type { CatalogType } from '../catalog.ts'
import { isGraphqlName } from './naming.ts'

const names: Record<string, string> = {
  int4: 'Int',
  int2: 'smallint',
  int8: 'bigint',
  float4: 'Float',
  float8: 'float8',
  bool: 'Boolean',
  text: 'String',
  varchar: 'String',
  char: 'bpchar',
}

/** `integer` → Int, `text` → String; every other type keeps its name in pg_type; an array is named for its element. */
export function scalarName(type: { name: string; kind: string }): string {
  const name = names[type.name]
  if (name) return name
  // A composite type is a scalar, and shares its name with the object type of a table.
  return type.kind === 'c' ? `${type.name}_scalar` : type.name
}

/** Why a type cannot be shown; undefined when it can. */
export function typeFault(type: CatalogType): string | undefined {
  const { name } = elementType(type)
  return isGraphqlName(scalarName(elementType(type)))
    ? undefined
    : `cannot use SQL type "${name}" in the GraphQL schema because its name is not a valid GraphQL identifier`
}

export function elementType(type: CatalogType): { name: string; schema: string; kind: string } {
  return type.element ?? type
}

const numeric = new Set(['int2', 'int4', 'int8', 'float4', 'float8', 'numeric', 'money'])
const comparable = new Set([
  ...numeric,
  ...['text', 'varchar', 'bpchar', 'char', 'citext', 'uuid', 'ltree', 'lquery', 'ltxtquery'],
  ...['date', 'timetz', 'timestamp', 'timestamptz'],
])

export function isNumeric(type: CatalogType): boolean {
  return numeric.has(type.name)
}

/** Whether Hasura shows min and max of it: types that it knows by name, enums, rows and arrays, but no time or interval. */
export function isComparable({ name, kind, element }: CatalogType): boolean {
  return comparable.has(name) || kind === 'e' || kind === 'c' || Boolean(element)
}

/** Numbers that JavaScript's doubles cannot hold; sent as strings where the server is asked to. */
export function isBigNumber(type: CatalogType): boolean {
  return ['int8', 'numeric', 'float8'].includes(elementType(type).name)
}
