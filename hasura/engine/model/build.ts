/** Puts the model together: tables first, then what points from one table to another. */

import type { Inconsistency, Metadata, SourceMetadata, TrackedTable } from '../metadata-types.ts'
import { type Model, qualifiedKey, type RootTarget, type SourceCatalog, type Table } from '../model.ts'
import type { Building } from './building.ts'
import { buildComputedFields } from './computed.ts'
import { buildFunctions } from './functions.ts'
import { resolveInheritedRoles } from './inherited-roles.ts'
import { defaultNaming, type Naming, rootFieldNames } from './naming.ts'
import { buildRelations } from './relations.ts'
import { buildTable } from './tables.ts'

export function buildModel(
  metadata: Metadata,
  catalogs: Map<string, SourceCatalog>,
  { inferFunctionPermissions = true }: { inferFunctionPermissions?: boolean } = {},
): Model {
  const inconsistencies: Inconsistency[] = []
  const model: Model = {
    tablesBySource: new Map(),
    functions: [],
    roots: { query: new Map(), mutation: new Map() },
    inheritedRoles: resolveInheritedRoles(metadata.inherited_roles ?? [], inconsistencies),
    introspectionDisabled: new Set(metadata.graphql_schema_introspection?.disabled_for_roles ?? []),
    inferFunctionPermissions,
    inconsistencies,
  }
  for (const source of metadata.sources) {
    const catalog = catalogs.get(source.name)
    if (catalog) addSource(model, source, catalog)
  }
  return model
}

function addSource(model: Model, source: SourceMetadata, catalog: SourceCatalog): void {
  const building: Building = {
    source,
    naming: namingOf(source),
    catalog,
    tables: new Map(),
    inconsistencies: model.inconsistencies,
  }
  const tracked: [TrackedTable, Table][] = []
  for (const entry of source.tables ?? []) {
    const table = buildTable(building, entry)
    if (!table) continue
    building.tables.set(qualifiedKey(table), table)
    tracked.push([entry, table])
  }
  for (const [entry, table] of tracked) {
    buildRelations(building, entry, table)
    buildComputedFields(building, entry, table)
  }
  linkEnums(building)
  for (const [, table] of tracked) addTableRoots(model, table)
  model.tablesBySource.set(source.name, building.tables)
  for (const fn of buildFunctions(building)) {
    model.functions.push(fn)
    const roots = fn.exposedAs === 'mutation' ? model.roots.mutation : model.roots.query
    addRoot(model, roots, fn.field, { is: 'function', fn, as: 'rows' })
    if (fn.exposedAs === 'query')
      addRoot(model, roots, fn.aggregateField, { is: 'function', fn, as: 'aggregate' })
  }
}

function namingOf({ customization }: SourceMetadata): Naming {
  return {
    ...defaultNaming,
    convention: customization?.naming_convention ?? 'hasura-default',
    rootPrefix: customization?.root_fields?.prefix ?? '',
    rootSuffix: customization?.root_fields?.suffix ?? '',
    typePrefix: customization?.type_names?.prefix ?? '',
    typeSuffix: customization?.type_names?.suffix ?? '',
  }
}

/** A column with a foreign key to an enum table takes that table's values. */
function linkEnums({ tables, catalog }: Building): void {
  for (const table of tables.values()) {
    for (const key of catalog.tables.get(qualifiedKey(table))?.foreign_keys ?? []) {
      const target = tables.get(qualifiedKey(key.table))
      const [name] = key.columns
      const column = name === undefined ? undefined : table.byColumnName.get(name)
      if (column && key.columns.length === 1 && target?.enumValues) column.enumTable = target
    }
  }
}

function addTableRoots(model: Model, table: Table): void {
  for (const as of rootFieldNames) {
    const { name } = table.rootFields[as]
    const roots = as.startsWith('select') ? model.roots.query : model.roots.mutation
    addRoot(model, roots, name, { is: 'table', table, as })
  }
}

function addRoot(model: Model, roots: Map<string, RootTarget>, name: string, target: RootTarget): void {
  if (!roots.has(name)) {
    roots.set(name, target)
    return
  }
  const owner = target.is === 'table' ? target.table : target.fn.function
  model.inconsistencies.push({
    type: target.is,
    name: `${owner.schema}.${owner.name}`,
    reason: `Inconsistent object: the root field "${name}" is defined twice`,
  })
}
