/** Carries a new name of a table, column or relationship through the metadata. */
import type { BoolExpJson, Metadata, Relationship, SourceMetadata, TrackedTable } from '../metadata-types.ts'
import { qualified } from '../model/building.ts'
import { type Renamed, renamedFilter } from '../model/permission-references.ts'
import { qualifiedKey } from '../model.ts'
import type { State } from '../state.ts'
import { isObject, type NameOf, sameName, tableName } from './arguments.ts'

export type FieldRename = { source: string; table: NameOf; from: string; to: string }

/** In the filters of all permissions; the relationship itself keeps its name. */
export function renameRelation(
  draft: Metadata,
  before: State,
  { source, table, from, to }: FieldRename,
): void {
  renameInFilters(draft, before, source, (of, field) => (field === from && sameName(of, table) ? to : field))
}

export function renameColumn(draft: Metadata, before: State, rename: FieldRename): void {
  const { source: name, table, from, to } = rename
  const source = draft.sources.find(each => each.name === name)
  const swapped = (column: string) => (column === from ? to : column)
  renameRelation(draft, before, rename)
  for (const entry of source?.tables ?? []) {
    const own = sameName(entry.table, table)
    if (own) renameOwnColumn(entry, swapped)
    for (const { using } of relationshipsOf(entry)) {
      const manual = using.manual_configuration
      if (manual) {
        const toTable = sameName(manual.remote_table, table)
        manual.column_mapping = Object.fromEntries(
          Object.entries(manual.column_mapping).map(([here, there]) => [
            own ? swapped(here) : here,
            toTable ? swapped(there) : there,
          ]),
        )
      }
      const key = using.foreign_key_constraint_on
      if (own && typeof key === 'string') using.foreign_key_constraint_on = swapped(key)
      if (own && Array.isArray(key)) using.foreign_key_constraint_on = key.map(swapped)
      if (isObject(key) && sameName(tableName(key.table, '$'), table)) {
        if (typeof key.column === 'string') key.column = swapped(key.column)
        if (key.columns !== undefined)
          key.columns = Array.isArray(key.columns) ? key.columns.map(swapped) : swapped(String(key.columns))
      }
    }
  }
}

function renameOwnColumn(entry: TrackedTable, swapped: (column: string) => string): void {
  const { configuration } = entry
  const keys = <T>(record: Record<string, T>) =>
    Object.fromEntries(Object.entries(record).map(([key, value]) => [swapped(key), value]))
  if (configuration?.column_config) configuration.column_config = keys(configuration.column_config)
  if (configuration?.custom_column_names)
    configuration.custom_column_names = keys(configuration.custom_column_names)
  const permissions = [
    ...(entry.select_permissions ?? []),
    ...(entry.insert_permissions ?? []),
    ...(entry.update_permissions ?? []),
  ]
  for (const { permission } of permissions) {
    if (Array.isArray(permission.columns)) permission.columns = permission.columns.map(swapped)
    if ('set' in permission && permission.set) permission.set = keys(permission.set)
  }
  for (const trigger of entry.event_triggers ?? []) renameInTrigger(trigger, swapped)
}

function renameInTrigger(trigger: unknown, swapped: (column: string) => string): void {
  const definition = isObject(trigger) ? trigger.definition : undefined
  for (const operation of isObject(definition) ? Object.values(definition) : []) {
    if (!isObject(operation)) continue
    for (const key of ['columns', 'payload'])
      if (Array.isArray(operation[key]))
        operation[key] = operation[key].map(column => swapped(String(column)))
  }
}

export function renameTable(draft: Metadata, name: string, from: NameOf, to: NameOf): void {
  const source = draft.sources.find(each => each.name === name)
  if (source) renameNames(source, from, to)
}

const tableKeys = new Set(['table', 'remote_table', '_table', '$table'])

/** Wherever a table stands under one of these keys. */
function renameNames(value: unknown, from: NameOf, to: NameOf): void {
  if (Array.isArray(value)) for (const item of value) renameNames(item, from, to)
  else if (isObject(value))
    for (const [key, item] of Object.entries(value)) {
      if (tableKeys.has(key) && isName(item) && sameName(item, from)) value[key] = to
      else renameNames(item, from, to)
    }
}

function isName(value: unknown): value is string | NameOf {
  return typeof value === 'string' || (isObject(value) && typeof value.name === 'string')
}

function relationshipsOf(entry: TrackedTable): Relationship[] {
  return [...(entry.object_relationships ?? []), ...(entry.array_relationships ?? [])]
}

function renameInFilters(draft: Metadata, before: State, source: string, renamed: Renamed): void {
  const tables = before.model.tablesBySource.get(source)
  const metadata: SourceMetadata | undefined = draft.sources.find(({ name }) => name === source)
  if (!tables || !metadata) return
  for (const entry of metadata.tables ?? []) {
    const table = tables.get(qualifiedKey(qualified(entry.table)))
    if (!table) continue
    const swap = (filter: BoolExpJson) => renamedFilter(table, filter, { tables, renamed })
    const permissions = [
      ...(entry.select_permissions ?? []),
      ...(entry.insert_permissions ?? []),
      ...(entry.update_permissions ?? []),
      ...(entry.delete_permissions ?? []),
    ]
    for (const { permission } of permissions) {
      if ('filter' in permission && permission.filter) permission.filter = swap(permission.filter)
      if ('check' in permission && permission.check) permission.check = swap(permission.check)
    }
  }
}
