/** What one role may do with one table: admin everything, an inherited role what its parents may. */
import type { BoolExpJson, InsertPermission, UpdatePermission, ValidateInput } from '../metadata-types.ts'
import type { Column, Computed, Model, RolePermissions, Table } from '../model.ts'
import { inherited } from './inherited-writes.ts'

/** Undefined: always. Otherwise visible where one of the filters holds, and null elsewhere. */
export type Mask = BoolExpJson[] | undefined

export type SelectView = {
  columns: Map<Column, Mask>
  /** Scalar ones; those that return a table follow that table's permission. */
  computed: Map<Computed, Mask>
  /** Rows where one of these holds; undefined is every row. */
  filters: BoolExpJson[] | undefined
  limit: number | undefined
  aggregations: boolean
  queryRootFields: Set<string> | undefined
  subscriptionRootFields: Set<string> | undefined
}
export type InsertView = {
  columns: Set<Column>
  check: BoolExpJson
  preset: Map<Column, unknown>
  backendOnly: boolean
  validateInput?: ValidateInput | undefined
}
export type UpdateView = Omit<InsertView, 'check'> & {
  filter: BoolExpJson
  /** Undefined: none is given, which is not the same as one that always holds. */
  check: BoolExpJson | undefined
}
export type DeleteView = {
  filter: BoolExpJson
  backendOnly: boolean
  validateInput?: ValidateInput | undefined
}

export const admin = 'admin'

/** Every role that the metadata gives anything to. */
export function rolesOf(model: Model): Set<string> {
  const roles = new Set([admin, ...model.inheritedRoles.keys()])
  for (const tables of model.tablesBySource.values())
    for (const table of tables.values()) for (const role of table.permissions.keys()) roles.add(role)
  for (const fn of model.functions) for (const role of fn.roles) roles.add(role)
  for (const action of model.actions.values()) for (const role of action.roles) roles.add(role)
  return roles
}

export function selectView(model: Model, table: Table, role: string): SelectView | undefined {
  if (role === admin) return everything(table)
  const own = table.permissions.get(role)?.select
  if (own) return oneRole(table, own)
  const views = (model.inheritedRoles.get(role) ?? []).flatMap(
    parent => selectView(model, table, parent) ?? [],
  )
  const [only] = views
  return views.length > 1 ? union(table, views) : only
}

function everything(table: Table): SelectView {
  return {
    columns: new Map(table.columns.map(column => [column, undefined])),
    computed: new Map(scalarComputed(table).map(computed => [computed, undefined])),
    filters: undefined,
    limit: undefined,
    aggregations: true,
    queryRootFields: undefined,
    subscriptionRootFields: undefined,
  }
}

function oneRole(table: Table, permission: NonNullable<RolePermissions['select']>): SelectView {
  const { filter = {}, computed_fields = [] } = permission
  return {
    columns: new Map(namedColumns(table, permission.columns).map(column => [column, undefined])),
    computed: new Map(
      scalarComputed(table)
        .filter(({ field }) => computed_fields.includes(field))
        .map(computed => [computed, undefined]),
    ),
    filters: isEmpty(filter) ? undefined : [filter],
    limit: permission.limit ?? undefined,
    aggregations: permission.allow_aggregations ?? false,
    queryRootFields: permission.query_root_fields ? new Set(permission.query_root_fields) : undefined,
    subscriptionRootFields: permission.subscription_root_fields
      ? new Set(permission.subscription_root_fields)
      : undefined,
  }
}

/**
 * Rows: any parent's. A column that not every parent shows is masked by the filters of those that do, or by the mask it
 * has there, which holds within those filters. A parent without limit does not lift that of the others.
 */
function union(table: Table, views: SelectView[]): SelectView {
  const limits = views.flatMap(({ limit }) => limit ?? [])
  const merged = <K>(keys: K[], of: (view: SelectView) => Map<K, Mask>): Map<K, Mask> => {
    const found = new Map<K, Mask>()
    for (const key of keys) {
      const granting = views.filter(view => of(view).has(key))
      const masks = granting.map(view => of(view).get(key))
      const everywhere = granting.length === views.length && masks.every(mask => mask === undefined)
      if (granting.length > 0)
        found.set(key, everywhere ? undefined : anyOf(granting.map((view, at) => masks[at] ?? view.filters)))
    }
    return found
  }
  return {
    columns: merged(table.columns, view => view.columns),
    computed: merged(scalarComputed(table), view => view.computed),
    filters: anyOf(views.map(({ filters }) => filters)),
    limit: limits.length > 0 ? Math.max(...limits) : undefined,
    aggregations: views.some(({ aggregations }) => aggregations),
    queryRootFields: allSets(views.map(({ queryRootFields }) => queryRootFields)),
    subscriptionRootFields: allSets(views.map(({ subscriptionRootFields }) => subscriptionRootFields)),
  }
}

function anyOf(conditions: Mask[]): Mask {
  return conditions.includes(undefined) ? undefined : conditions.flatMap(condition => condition ?? [])
}

function allSets(sets: (Set<string> | undefined)[]): Set<string> | undefined {
  return sets.some(set => set === undefined) ? undefined : new Set(sets.flatMap(set => [...(set ?? [])]))
}

export function insertView(model: Model, table: Table, role: string): InsertView | undefined {
  if (!table.insertable) return undefined
  if (role === admin)
    return { columns: new Set(table.columns), check: {}, preset: new Map(), backendOnly: false }
  const permission = inherited(model, table, role, 'insert')
  return permission ? { ...writeView(table, permission), check: permission.check ?? {} } : undefined
}

export function updateView(model: Model, table: Table, role: string): UpdateView | undefined {
  if (!table.updatable) return undefined
  if (role === admin)
    return {
      columns: new Set(table.columns),
      check: undefined,
      preset: new Map(),
      backendOnly: false,
      filter: {},
    }
  const permission = inherited(model, table, role, 'update')
  if (!permission) return undefined
  const { filter = {}, check } = permission
  return { ...writeView(table, permission), filter, check: check ?? undefined }
}

export function deleteView(model: Model, table: Table, role: string): DeleteView | undefined {
  if (!table.deletable) return undefined
  if (role === admin) return { filter: {}, backendOnly: false }
  const permission = inherited(model, table, role, 'delete')
  return permission
    ? {
        filter: permission.filter ?? {},
        backendOnly: permission.backend_only ?? false,
        validateInput: permission.validate_input,
      }
    : undefined
}

function writeView(table: Table, permission: InsertPermission | UpdatePermission): Omit<InsertView, 'check'> {
  const preset = new Map<Column, unknown>()
  for (const [name, value] of Object.entries(permission.set ?? {})) {
    const column = table.byColumnName.get(name)
    if (column) preset.set(column, value)
  }
  const columns = namedColumns(table, permission.columns ?? '*').filter(column => !preset.has(column))
  return {
    columns: new Set(columns),
    preset,
    backendOnly: permission.backend_only ?? false,
    validateInput: permission.validate_input,
  }
}

function namedColumns(table: Table, names: '*' | string[] | undefined): Column[] {
  if (names === '*') return table.columns
  const wanted = new Set(names)
  return table.columns.filter(({ name }) => wanted.has(name))
}

function scalarComputed(table: Table): Computed[] {
  return [...table.fields.values()]
    .filter(field => field.is === 'computed')
    .filter(({ returns }) => returns.is === 'scalar')
}

function isEmpty(value: object): boolean {
  return Object.keys(value).length === 0
}
