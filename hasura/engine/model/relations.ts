/** Object and array relationships, by foreign key or by a mapping of columns. */
import type { CatalogForeignKey } from '../catalog.ts'
import type { ManualConfiguration, Relationship, TrackedTable } from '../metadata-types.ts'
import { type Column, qualifiedKey, type Relation, type Table } from '../model.ts'
import { type Building, qualified, shown } from './building.ts'
import { inconsistentInTable } from './inconsistent.ts'
import { nameFault } from './naming.ts'

type Target = {
  table: Table
  columns: [Column, Column][]
  nullable: boolean
  insertion: Relation['insertion']
}

export function buildRelations(building: Building, entry: TrackedTable, table: Table): void {
  const add = (relationship: Relationship, kind: Relation['kind']) => {
    const target = targetOf(building, table, relationship, kind)
    const reason = typeof target === 'string' ? target : conflict(table, relationship.name)
    if (typeof target === 'string' || reason) {
      const { name, using, comment = null } = relationship
      const object = {
        type: `${kind}_relation`,
        name,
        definition: { name, using: shownUsing(using), comment },
      }
      // What is not there is told by the table it is missing from; what is not tracked, or taken, by itself.
      const place = placeless.test(reason ?? '')
        ? ''
        : `in table "${shown(table)}": in relationship "${name}": `
      building.inconsistencies.push(inconsistentInTable(table, object, `${place}${reason}`))
      return
    }
    const comment = relationship.comment ?? null
    table.fields.set(relationship.name, {
      is: 'relation',
      field: relationship.name,
      kind,
      comment,
      ...target,
    })
  }
  for (const relationship of entry.object_relationships ?? []) add(relationship, 'object')
  for (const relationship of entry.array_relationships ?? []) add(relationship, 'array')
}

const placeless = /is not tracked$|^field definition conflicts/

/** With all that Hasura fills in. */
function shownUsing(using: Relationship['using']): Relationship['using'] {
  const { manual_configuration: manual, foreign_key_constraint_on: key } = using
  if (manual)
    return {
      manual_configuration: {
        insertion_order: null,
        ...manual,
        remote_table: qualified(manual.remote_table),
      },
    }
  if (typeof key === 'object' && !Array.isArray(key))
    return { foreign_key_constraint_on: { ...key, table: qualified(key.table) } }
  return using
}

/** Why there may not be a field of this name. */
export function conflict(table: Table, name: string): string | undefined {
  const fault = nameFault(name)
  if (fault) return fault
  const taken = table.fields.get(name)
  if (!taken) return undefined
  if (taken.is === 'column' && taken.field !== taken.name)
    return `field definition conflicts with custom field name for postgres column "${taken.name}"`
  return 'field definition conflicts with postgres column'
}

function targetOf(
  building: Building,
  table: Table,
  { using }: Relationship,
  kind: Relation['kind'],
): Target | string {
  if (using.manual_configuration) return manualTarget(building, table, using.manual_configuration, kind)
  const key = using.foreign_key_constraint_on
  if (key === undefined) return 'neither foreign_key_constraint_on nor manual_configuration is given'
  if (typeof key === 'string') return ownKeyTarget(building, table, [key])
  if (Array.isArray(key)) return ownKeyTarget(building, table, key)
  const columns = [key.columns ?? key.column ?? []].flat()
  return remoteKeyTarget(building, table, qualified(key.table), columns)
}

function manualTarget(
  { tables, catalog }: Building,
  table: Table,
  { remote_table, column_mapping, insertion_order }: ManualConfiguration,
  kind: Relation['kind'],
): Target | string {
  const target = tables.get(qualifiedKey(qualified(remote_table)))
  if (!target) return `table "${shown(qualified(remote_table))}" is not tracked`
  const columns = paired(table, target, Object.entries(column_mapping))
  if (typeof columns === 'string') return columns
  const asked = insertion_order ?? (kind === 'object' ? 'before_parent' : 'after_parent')
  // A row that a foreign key ties to this one cannot be there before it, whatever the metadata says.
  const keys = catalog.tables
    .get(qualifiedKey(target))
    ?.foreign_keys.filter(key => sameTable(key.table, table))
  const there = columns.map(([, column]) => column.name)
  const insertion = findKey(keys, there) ? 'after_parent' : asked
  return { table: target, columns, nullable: true, insertion }
}

function sameTable(left: { schema: string; name: string }, right: { schema: string; name: string }): boolean {
  return qualifiedKey(left) === qualifiedKey(right)
}

function ownKeyTarget({ tables, catalog }: Building, table: Table, columns: string[]): Target | string {
  const key = findKey(catalog.tables.get(qualifiedKey(table))?.foreign_keys, columns)
  if (!key) return 'no foreign constraint exists on the given column(s)'
  const target = tables.get(qualifiedKey(key.table))
  if (!target) return `table "${shown(key.table)}" is not tracked`
  const pairs = paired(table, target, zip(key.columns, key.references))
  if (typeof pairs === 'string') return pairs
  return {
    table: target,
    columns: pairs,
    nullable: pairs.some(([here]) => here.nullable),
    insertion: 'before_parent',
  }
}

function remoteKeyTarget(
  { source, tables, catalog }: Building,
  table: Table,
  remote: { schema: string; name: string },
  columns: string[],
): Target | string {
  const target = tables.get(qualifiedKey(remote))
  if (!target) return `table "${shown(remote)}" does not exist in source: ${source.name}`
  const keys = catalog.tables.get(qualifiedKey(remote))?.foreign_keys
  const key = findKey(
    keys?.filter(candidate => qualifiedKey(candidate.table) === qualifiedKey(table)),
    columns,
  )
  if (!key) return 'no foreign constraint exists on the given column(s)'
  const pairs = paired(table, target, zip(key.references, key.columns))
  return typeof pairs === 'string'
    ? pairs
    : { table: target, columns: pairs, nullable: true, insertion: 'after_parent' }
}

function findKey(keys: CatalogForeignKey[] | undefined, columns: string[]): CatalogForeignKey | undefined {
  const wanted = columns.toSorted().join('\0')
  return keys?.find(key => key.columns.toSorted().join('\0') === wanted)
}

function zip(left: string[], right: string[]): [string, string][] {
  return left.map((name, position) => [name, right[position] ?? ''])
}

function paired(here: Table, there: Table, names: [string, string][]): [Column, Column][] | string {
  const pairs: [Column, Column][] = []
  for (const [left, right] of names) {
    const from = here.byColumnName.get(left)
    const to = there.byColumnName.get(right)
    if (!from) return `column "${left}" does not exist in table "${shown(here)}"`
    if (!to) return `column "${right}" does not exist in table "${shown(there)}"`
    pairs.push([from, to])
  }
  return pairs
}
