/** Objects of the metadata that cannot be served, in the form that Hasura lists them. */
import type { Inconsistency } from '../metadata-types.ts'
import { shown } from './building.ts'

type Name = { schema: string; name: string }

export function inconsistentTable(source: string, table: Name, reason: string): Inconsistency {
  return {
    type: 'table',
    name: `table ${shown(table)} in source ${source}`,
    reason: `Inconsistent object: ${reason}`,
    definition: named(table),
  }
}

/** Something of a table: a relationship, a computed field, a permission, a trigger. */
export function inconsistentInTable(
  { source, schema, name }: Name & { source: string },
  object: { type: string; name: string; definition: object },
  reason: string,
): Inconsistency {
  const table = { schema, name }
  return {
    type: object.type,
    name: `${object.type} ${object.name} in table ${shown(table)} in source ${source}`,
    reason: `Inconsistent object: ${reason}`,
    definition: { source, table, ...object.definition },
  }
}

export function inconsistentFunction(source: string, fn: Name, reason: string): Inconsistency {
  return {
    type: 'function',
    name: `function ${shown(fn)} in source ${source}`,
    reason: `Inconsistent object: in function "${shown(fn)}": ${reason}`,
    definition: named(fn),
  }
}

function named({ schema, name }: Name): Name {
  return { schema, name }
}
