/** Whether a table may be an enum: one text key, at most one column more, values that are names. */
import type { CatalogTable } from '../catalog.ts'
import type { EnumValue } from '../model.ts'
import { shown } from './building.ts'
import { isEnumValueName } from './naming.ts'

/** Why not; undefined when it may. */
export function enumFault(table: CatalogTable, values: EnumValue[]): string | undefined {
  const shape = [...keyFaults(table), ...columnFaults(table)]
  // The values of a table that has not the form of an enum say nothing.
  const faults = shape.length > 0 ? shape : valueFaults(values)
  const [only] = faults
  const subject = `the table "${shown(table)}" cannot be used as an enum`
  if (!only) return undefined
  if (faults.length === 1) return `${subject} because ${only}`
  return `${subject} for the following reasons:\n${faults.map(fault => `  • ${fault}\n`).join('')}`
}

function keyFaults({ primary_key, columns }: CatalogTable): string[] {
  const [name, ...others] = primary_key?.columns ?? []
  if (name === undefined) return ['the table must have a primary key']
  if (others.length > 0) return ['the table’s primary key must not span multiple columns']
  const type = columns.find(column => column.name === name)?.type
  if (!type || ['text', 'varchar', 'citext', 'bpchar'].includes(type.name)) return []
  return [`the table’s primary key ("${name}") must have type "text", not type "${written(type.name)}"`]
}

/** As SQL writes it. */
function written(type: string): string {
  return (
    {
      int4: 'integer',
      int8: 'bigint',
      int2: 'smallint',
      bool: 'boolean',
      float8: 'double precision',
      float4: 'real',
    }[type] ?? type
  )
}

function columnFaults({ columns }: CatalogTable): string[] {
  if (columns.length <= 2) return []
  const names = columns.map(({ name }) => name).toSorted()
  return [
    `the table must have exactly one primary key and optionally one comment column, not ${columns.length} columns (${names.join(', ')})`,
  ]
}

function valueFaults(values: EnumValue[]): string[] {
  if (values.length === 0) return ['the table must have at least one row']
  const bad = values.map(({ value }) => value).filter(value => !isEnumValueName(value))
  if (bad.length === 0) return []
  if (bad.length === 1) return [`the value "${bad[0]}" is not a valid GraphQL enum value name`]
  return [`the values ${bad.map(value => `"${value}"`).join(', ')} are not valid GraphQL enum value names`]
}
