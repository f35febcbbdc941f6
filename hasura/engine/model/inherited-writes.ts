/** Permissions to write of inherited roles: what all parents that have one say alike. */
import type { Inconsistency } from '../metadata-types.ts'
import type { Model, RolePermissions, Table } from '../model.ts'
import { shown } from './building.ts'

type Of<P> = (permissions: RolePermissions) => P | undefined

/** The role's own permission, or that of its parents where they agree. */
export function inherited<P extends object>(
  model: Model,
  table: Table,
  role: string,
  of: Of<P>,
): P | undefined {
  const own = table.permissions.get(role)
  const direct = own && of(own)
  if (direct) return direct
  const found = ofParents(model, table, role, of)
  return agree(table, found) ? found[0] : undefined
}

function ofParents<P>({ inheritedRoles }: Model, table: Table, role: string, of: Of<P>): P[] {
  return (inheritedRoles.get(role) ?? []).flatMap(parent => {
    const permissions = table.permissions.get(parent)
    return (permissions && of(permissions)) ?? []
  })
}

function agree(table: Table, permissions: object[]): boolean {
  const [first, ...rest] = permissions.map(permission => JSON.stringify(sorted(table, permission)))
  return rest.every(other => other === first)
}

/** Keys whose lists are sets. */
const sets = new Set(['columns', '_and', '$and', '_or', '$or'])

/** The same for permissions that say the same in another order. */
function sorted(table: Table, value: unknown, key = ''): unknown {
  if (key === 'columns' && value === '*')
    return sorted(
      table,
      table.columns.map(({ name }) => name),
      key,
    )
  if (typeof value !== 'object' || value === null) return value
  if (!Array.isArray(value))
    return Object.entries(value)
      .toSorted(([left], [right]) => (left < right ? -1 : 1))
      .map(([name, member]) => [name, sorted(table, member, name)])
  const items = value.map(item => sorted(table, item))
  return sets.has(key) ? items.map(item => JSON.stringify(item)).toSorted() : items
}

const writes = ['insert', 'update', 'delete'] as const

export const conflictOfParents = 'inherited role permission inconsistency'

/** Where the parents of a role disagree, it may not write. It is told so, though nothing of the metadata is wrong. */
export function conflictingParents(model: Model): Inconsistency[] {
  const found: Inconsistency[] = []
  for (const tables of model.tablesBySource.values())
    for (const table of tables.values())
      for (const role of model.inheritedRoles.keys())
        found.push(...writes.flatMap(kind => conflictAbout(model, table, role, kind) ?? []))
  return found
}

function conflictAbout(
  model: Model,
  table: Table,
  role: string,
  kind: (typeof writes)[number],
): Inconsistency | undefined {
  const of: Of<object> = permissions => permissions[kind]
  const own = table.permissions.get(role)
  if ((own && of(own)) || agree(table, ofParents(model, table, role, of))) return undefined
  const { source } = table
  const name = shown(table)
  return {
    type: conflictOfParents,
    name: role,
    entity: { table: name, source, permission_type: kind },
    reason: `Could not inherit permission for the role '${role}' for the entity: '${kind} permission, table: ${name}, source: '${source}''`,
  }
}
