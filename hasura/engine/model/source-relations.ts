/** Relationships to tables of other sources (`remote_relationships` with `to_source`), once all sources are there. */
import type { Metadata } from '../metadata-types.ts'
import { type Column, type Model, qualifiedKey, type SourceRelation, type Table } from '../model.ts'
import { qualified, shown } from './building.ts'
import { inconsistentInTable } from './inconsistent.ts'
import { conflict } from './relations.ts'

type Given = {
  name: string
  definition: {
    to_source: {
      source: string
      table: Parameters<typeof qualified>[0]
      relationship_type: 'object' | 'array'
      field_mapping: Record<string, string>
    }
  }
}

export function buildSourceRelations(model: Model, { sources }: Metadata): void {
  for (const { name: source, tables = [] } of sources)
    for (const { table: named, remote_relationships = [] } of tables) {
      const table = model.tablesBySource.get(source)?.get(qualifiedKey(qualified(named)))
      for (const given of remote_relationships)
        if (table && isToSource(given)) addRelation(model, table, given)
    }
}

export function isToSource(given: unknown): given is Given {
  const { definition }: { definition?: unknown } = typeof given === 'object' && given !== null ? given : {}
  if (typeof definition !== 'object' || definition === null || !('to_source' in definition)) return false
  const { to_source: to } = definition
  return typeof to === 'object' && to !== null && 'field_mapping' in to && 'table' in to
}

function addRelation(model: Model, table: Table, given: Given): void {
  const { name, definition } = given
  const built = relationOf(model, table, given)
  const reason = typeof built === 'string' ? built : conflict(table, name)
  if (typeof built === 'string' || reason)
    model.inconsistencies.push(
      inconsistentInTable(
        table,
        { type: 'remote_relationship', name, definition: { name, definition } },
        `in table "${shown(table)}": in remote relationship "${name}": ${reason}`,
      ),
    )
  else table.fields.set(name, built)
}

function relationOf(
  { tablesBySource }: Model,
  table: Table,
  { name, definition: { to_source: to } }: Given,
): SourceRelation | string {
  const wanted = qualified(to.table)
  const target = tablesBySource.get(to.source)?.get(qualifiedKey(wanted))
  if (!target) return `table "${shown(wanted)}" does not exist in source: ${to.source}`
  if (to.relationship_type !== 'object' && to.relationship_type !== 'array')
    return 'the relationship_type is "object" or "array"'
  const columns: [Column, Column][] = []
  for (const [left, right] of Object.entries(to.field_mapping)) {
    const [here, there] = [table.byColumnName.get(left), target.byColumnName.get(right)]
    if (!here) return `column "${left}" does not exist in table "${shown(table)}"`
    if (!there) return `column "${right}" does not exist in table "${shown(target)}"`
    columns.push([here, there])
  }
  if (columns.length === 0) return 'the field_mapping is empty'
  return { is: 'source-relation', field: name, kind: to.relationship_type, table: target, columns }
}
