/** Puts the model together: tables first, then what points from one table to another. */

import type { Inconsistency, Metadata, SourceMetadata, TrackedTable } from '../metadata-types.ts'
import {
  type FieldTarget,
  type Model,
  qualifiedKey,
  type RootTarget,
  type SourceCatalog,
  type Table,
} from '../model.ts'
import type { Environment } from '../webhook/settings.ts'
import { type Action, buildActions } from './actions.ts'
import type { Building } from './building.ts'
import { shown } from './building.ts'
import { checkPermissions } from './check-permissions.ts'
import { buildComputedFields } from './computed.ts'
import { buildFunctions } from './functions.ts'
import { resolveInheritedRoles } from './inherited-roles.ts'
import { conflictingParents } from './inherited-writes.ts'
import { defaultNaming, type Naming, nameFault, rootFieldNames } from './naming.ts'
import { buildRelations } from './relations.ts'
import { buildSourceRelations } from './source-relations.ts'
import { buildTable } from './tables.ts'

export type ModelOptions = {
  inferFunctionPermissions?: boolean
  /** Whether sources may choose theirs; a Hasura without this experimental feature names as hasura-default does. */
  namingConventions?: boolean
  /** Of sources that choose none. */
  defaultNamingConvention?: Naming['convention']
  /** Without it, permissions whose input a webhook validates are none. */
  validateInput?: { env?: Environment }
}

export function buildModel(
  metadata: Metadata,
  catalogs: Map<string, SourceCatalog>,
  options: ModelOptions = {},
): Model {
  const { inferFunctionPermissions = true, validateInput } = options
  const validation = validateInput && (validateInput.env ?? {})
  const inconsistencies: Inconsistency[] = []
  const model: Model = {
    tablesBySource: new Map(),
    functions: [],
    actions: new Map(),
    customTypes: new Map(),
    roots: { query: new Map(), mutation: new Map() },
    inheritedRoles: resolveInheritedRoles(metadata.inherited_roles ?? [], inconsistencies),
    conflicts: [],
    introspectionDisabled: new Set(metadata.graphql_schema_introspection?.disabled_for_roles ?? []),
    inferFunctionPermissions,
    inconsistencies,
  }
  for (const source of metadata.sources) {
    const catalog = catalogs.get(source.name)
    if (catalog) addSource(model, { source, naming: namingOf(source, options), validation }, catalog)
  }
  buildSourceRelations(model, metadata)
  inconsistencies.push(...conflictingParents(model))
  buildActions(model, metadata)
  for (const action of model.actions.values()) addAction(model, action)
  return model
}

function addAction(model: Model, action: Action): void {
  const { query, mutation } = model.roots
  addRoot(model, action.operation === 'query' ? query : mutation, action.name, { is: 'action', action })
  if (action.asynchronous) addRoot(model, query, action.name, { is: 'action-result', action })
}

function addSource(
  model: Model,
  { source, naming, validation }: Pick<Building, 'source' | 'naming' | 'validation'>,
  catalog: SourceCatalog,
): void {
  const building: Building = {
    source,
    naming,
    catalog,
    tables: new Map(),
    inconsistencies: model.inconsistencies,
    validation,
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
  for (const [entry, table] of tracked) checkPermissions(building, entry, table)
  linkEnums(building)
  const roots = rootsOf(model, source, naming)
  for (const [, table] of tracked) addTableRoots(model, roots, table)
  model.tablesBySource.set(source.name, building.tables)
  for (const fn of buildFunctions(building)) {
    model.functions.push(fn)
    const targets = fn.exposedAs === 'mutation' ? roots.mutation : roots.query
    addRoot(model, targets, fn.field, { is: 'function', fn, as: 'rows' })
    if (fn.exposedAs === 'query')
      addRoot(model, targets, fn.aggregateField, { is: 'function', fn, as: 'aggregate' })
  }
}

/** Where a source's root fields go: to those of all sources, or under a name of its own. */
function rootsOf(model: Model, { customization }: SourceMetadata, naming: Naming): Model['roots'] {
  const namespace = customization?.root_fields?.namespace
  if (!namespace) return model.roots
  const open = (targets: Map<string, RootTarget>) => {
    const known = targets.get(namespace)
    if (known?.is === 'namespace') return known.targets
    const inside = new Map<string, RootTarget>()
    targets.set(namespace, { is: 'namespace', naming, targets: inside })
    return inside
  }
  return { query: open(model.roots.query), mutation: open(model.roots.mutation) }
}

function namingOf(
  { customization }: SourceMetadata,
  { namingConventions = true, defaultNamingConvention = 'hasura-default' }: ModelOptions,
): Naming {
  const wanted = customization?.naming_convention ?? defaultNamingConvention
  return {
    ...defaultNaming,
    convention: namingConventions ? wanted : 'hasura-default',
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

function addTableRoots(model: Model, roots: Model['roots'], table: Table): void {
  for (const as of rootFieldNames) {
    const { name } = table.rootFields[as]
    const targets = as.startsWith('select') ? roots.query : roots.mutation
    addRoot(model, targets, name, { is: 'table', table, as })
  }
}

function addRoot(model: Model, roots: Map<string, RootTarget>, name: string, target: FieldTarget): void {
  const fault = nameFault(name)
  if (fault) {
    const reason = `Inconsistent object: ${fault}`
    model.inconsistencies.push({ type: target.is, name: ownerOf(target), reason })
    return
  }
  const first = roots.get(name)
  if (!first) {
    roots.set(name, target)
    return
  }
  const owners = [ownerOf(first), ownerOf(target)]
  const named = roots === model.roots.mutation ? ['mutation_root'] : ['query_root', 'subscription_root']
  for (const root of named) model.conflicts.push({ root, field: name, owners })
  model.inconsistencies.push({
    type: target.is,
    name: ownerOf(target),
    reason: `Inconsistent object: the root field "${name}" is defined twice`,
  })
}

function ownerOf(target: RootTarget): string {
  if (target.is === 'namespace') return 'a namespace'
  if (target.is === 'action' || target.is === 'action-result') return `action ${target.action.name}`
  if (target.is === 'table') return `table ${shown(target.table)} in source ${target.table.source}`
  return `function ${shown(target.fn.function)} in source ${target.fn.source}`
}
