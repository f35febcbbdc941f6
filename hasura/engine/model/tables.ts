/** A tracked table with its columns, keys, root fields and permissions. */

import type { CatalogTable } from '../catalog.ts'
import type { RootField, TrackedTable } from '../metadata-types.ts'
import { type Column, qualifiedKey, type RolePermissions, type Table } from '../model.ts'
import { type Building, qualified, shown } from './building.ts'
import { enumFault } from './enum-table.ts'
import { inconsistentTable } from './inconsistent.ts'
import {
  customised,
  fieldName,
  isGraphqlName,
  type Naming,
  rootFieldName,
  type rootFieldNames,
  tableName,
} from './naming.ts'
import { typeFault } from './scalar-names.ts'

export function buildTable(
  { source, naming, catalog, inconsistencies }: Building,
  entry: TrackedTable,
): Table | undefined {
  const wanted = qualified(entry.table)
  const found = catalog.tables.get(qualifiedKey(wanted))
  const graphqlName = entry.configuration?.custom_name || tableName(wanted.schema, wanted.name)
  const report = (reason: string) => inconsistencies.push(inconsistentTable(source.name, wanted, reason))
  if (!found) {
    report(`no such table/view exists in source: "${shown(wanted)}"`)
    return undefined
  }
  // Hasura tracks it and shows it nowhere.
  if (!isGraphqlName(graphqlName)) return undefined
  const values = catalog.enumValues.get(qualifiedKey(found)) ?? []
  const noEnum = entry.is_enum ? enumFault(found, values) : undefined
  if (noEnum !== undefined) {
    report(noEnum)
    return undefined
  }
  const columns = buildColumns(entry, found, name => fieldName(naming, name))
  const byColumnName = new Map(columns.map(column => [column.name, column]))
  const keyed = (names: string[]) => names.flatMap(name => byColumnName.get(name) ?? [])
  return {
    source: source.name,
    schema: found.schema,
    name: found.name,
    kind: found.kind,
    graphqlName,
    customName: Boolean(entry.configuration?.custom_name),
    naming,
    comment: entry.configuration?.comment ?? found.comment,
    columns,
    byColumnName,
    fields: new Map(
      columns
        .filter(({ field, type }) => isGraphqlName(field) && !typeFault(type))
        .map(column => [column.field, column]),
    ),
    primaryKey: found.primary_key
      ? { name: found.primary_key.name, columns: keyed(found.primary_key.columns) }
      : undefined,
    uniqueKeys: found.unique_keys,
    insertable: found.insertable,
    updatable: found.updatable,
    deletable: found.deletable,
    rootFields: rootFieldsOf(entry, naming, graphqlName),
    enumValues: entry.is_enum ? values : undefined,
    permissions: permissionsOf(entry),
  }
}

function buildColumns(entry: TrackedTable, found: CatalogTable, named: (name: string) => string): Column[] {
  const { column_config = {}, custom_column_names = {} } = entry.configuration ?? {}
  return found.columns.map(catalog => ({
    is: 'column',
    name: catalog.name,
    field:
      column_config[catalog.name]?.custom_name ?? custom_column_names[catalog.name] ?? named(catalog.name),
    type: catalog.type,
    nullable: catalog.nullable,
    comment: column_config[catalog.name]?.comment ?? catalog.comment,
    catalog,
  }))
}

function rootFieldsOf(entry: TrackedTable, naming: Naming, graphqlName: string): Table['rootFields'] {
  const custom = entry.configuration?.custom_root_fields ?? {}
  const of = (as: (typeof rootFieldNames)[number]) => {
    const { name, comment } = rootFieldConfig(custom[as])
    // The source's prefix and suffix stand around a name of one's own as well.
    const named = name ? customised(naming, name) : rootFieldName(naming, as, graphqlName)
    return { name: named, comment: comment ?? null }
  }
  return {
    select: of('select'),
    select_by_pk: of('select_by_pk'),
    select_aggregate: of('select_aggregate'),
    select_stream: of('select_stream'),
    insert: of('insert'),
    insert_one: of('insert_one'),
    update: of('update'),
    update_by_pk: of('update_by_pk'),
    update_many: of('update_many'),
    delete: of('delete'),
    delete_by_pk: of('delete_by_pk'),
  }
}

function rootFieldConfig(config: RootField | undefined): { name?: string | null; comment?: string | null } {
  return typeof config === 'string' ? { name: config } : (config ?? {})
}

function permissionsOf(entry: TrackedTable): Map<string, RolePermissions> {
  const roles = new Map<string, RolePermissions>()
  const of = (role: string) => {
    const known = roles.get(role) ?? {}
    roles.set(role, known)
    return known
  }
  for (const { role, permission } of entry.select_permissions ?? []) of(role).select = permission
  for (const { role, permission } of entry.insert_permissions ?? []) of(role).insert = permission
  for (const { role, permission } of entry.update_permissions ?? []) of(role).update = permission
  for (const { role, permission } of entry.delete_permissions ?? []) of(role).delete = permission
  return roles
}
