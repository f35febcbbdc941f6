/** Permissions that name what is not there are no permissions: they are listed, and the role has none. */
import type { BoolExpJson, ForRole, SelectPermission, TrackedTable } from '../metadata-types.ts'
import type { RolePermissions, Table } from '../model.ts'
import { validationFault } from '../mutation/validate-input.ts'
import type { Building } from './building.ts'
import { shown } from './building.ts'
import { inconsistentInTable } from './inconsistent.ts'
import { referencesOf } from './permission-references.ts'

const kinds = ['select', 'insert', 'update', 'delete'] as const
type Permission = {
  columns?: unknown
  computed_fields?: string[]
  set?: Record<string, unknown>
  filter?: BoolExpJson
  check?: BoolExpJson | null
  validate_input?: unknown
}

export function checkPermissions(building: Building, entry: TrackedTable, table: Table): void {
  for (const kind of kinds)
    for (const { role, permission, comment } of (entry[`${kind}_permissions`] ??
      []) as ForRole<Permission>[]) {
      const fault =
        faultOf(building, table, permission) ??
        (kind === 'select'
          ? rootFieldFault(table, role, permission as SelectPermission)
          : askingFault(building, permission))
      if (fault === undefined) continue
      building.inconsistencies.push(
        inconsistentInTable(
          table,
          {
            type: `${kind}_permission`,
            name: role,
            definition: { role, permission, comment: comment ?? null },
          },
          `in table "${shown(table)}": in permission for role "${role}": ${fault}`,
        ),
      )
      revoke(table, role, kind)
    }
}

function revoke(table: Table, role: string, kind: keyof RolePermissions): void {
  const { [kind]: _, ...kept } = table.permissions.get(role) ?? {}
  table.permissions.set(role, kept)
}

/** What should be asked before a write must not be left out of it. */
function askingFault({ validation }: Building, { validate_input }: Permission): string | undefined {
  if (!validate_input) return undefined
  return validation
    ? validationFault(validate_input, validation)
    : 'the validation of input by a webhook is not switched on in this server'
}

function faultOf({ tables }: Building, table: Table, permission: Permission): string | undefined {
  const { columns, set, filter, check } = permission
  const named = [...(Array.isArray(columns) ? columns : []), ...Object.keys(set ?? {})]
  for (const name of named)
    if (typeof name === 'string' && !table.byColumnName.has(name)) return `column "${name}" does not exist`
  for (const exp of [filter, check]) {
    const [fault] = exp ? referencesOf(table, exp, tables).faults : []
    if (fault) return fault
  }
  return undefined
}

/** A root field that the rest of the permission does not allow. */
function rootFieldFault(table: Table, role: string, permission: SelectPermission): string | undefined {
  const { query_root_fields, subscription_root_fields, allow_aggregations, columns } = permission
  const roots = new Set([...(query_root_fields ?? []), ...(subscription_root_fields ?? [])])
  if (roots.has('select_aggregate') && !allow_aggregations)
    return 'The "select_aggregate" root field can only be enabled in the query_root_fields or  the subscription_root_fields when "allow_aggregations" is set to true'
  const key = table.primaryKey?.columns.map(({ name }) => name)
  const readable = key?.every(name => columns === '*' || columns?.includes(name)) ?? false
  if (roots.has('select_by_pk') && !readable)
    return `The "select_by_pk" field cannot be included in the query_root_fields or subscription_root_fields because the role "${role}" does not have access to the primary key of the table "${shown(table)}" in the source "${table.source}"`
  return undefined
}
