/** Permissions to write of inherited roles: what all parents that have one say alike. */
import type { Inconsistency, UpdatePermission, ValidateInput } from '../metadata-types.ts'
import type { Model, RolePermissions, Table } from '../model.ts'
import { shown } from './building.ts'
import { isWritable } from './columns.ts'

const writes = ['insert', 'update', 'delete'] as const
type Write = (typeof writes)[number]

/** The role's own permission, or that of its parents where they agree. */
export function inherited<K extends Write>(
  model: Model,
  table: Table,
  role: string,
  kind: K,
): NonNullable<RolePermissions[K]> | undefined {
  const own = table.permissions.get(role)?.[kind]
  if (own) return own
  const found = ofParents(model, table, role, kind)
  return agree(table, kind, found) ? found[0] : undefined
}

/** Of parents that are inherited roles, what they have themselves inherited. */
function ofParents<K extends Write>(
  model: Model,
  table: Table,
  role: string,
  kind: K,
): NonNullable<RolePermissions[K]>[] {
  const parents = model.inheritedRoles.get(role) ?? []
  return parents.flatMap(parent => inherited(model, table, parent, kind) ?? [])
}

function agree(table: Table, kind: Write, permissions: UpdatePermission[]): boolean {
  const [first, ...rest] = permissions.map(permission =>
    JSON.stringify(sorted(filledIn(table, kind, permission))),
  )
  return rest.every(other => other === first)
}

/** With what may be left out; an update alone has no check where none is given. Its type has all that others have. */
function filledIn(table: Table, kind: Write, given: UpdatePermission): object {
  const { columns = '*', set, check, filter, backend_only, validate_input: by } = given
  const preset = set ?? {}
  const named = columns === '*' ? table.columns.filter(isWritable).map(({ name }) => name) : columns
  return {
    columns: named.filter(name => !(name in preset)),
    set: preset,
    check: check ?? (kind === 'update' ? null : {}),
    filter: filter ?? {},
    backend_only: backend_only ?? false,
    validate_input: by ? { ...by, definition: { ...validationDefaults, ...by.definition } } : null,
  }
}

const validationDefaults: Partial<ValidateInput['definition']> = {
  headers: [],
  timeout: 10,
  forward_client_headers: false,
}

/** Keys whose lists are sets. */
const sets = new Set(['columns', '_and', '$and', '_or', '$or'])

/** The same for what says the same in another order, or names a session variable in other letters. */
function sorted(value: unknown, key = ''): unknown {
  if (typeof value === 'string') return /^x-hasura-/i.test(value) ? value.toLowerCase() : value
  if (typeof value !== 'object' || value === null) return value
  if (!Array.isArray(value))
    return Object.entries(value)
      .toSorted(([left], [right]) => (left < right ? -1 : 1))
      .map(([name, member]) => [name, sorted(member, name)])
  const items = value.map(item => sorted(item))
  return sets.has(key) ? items.map(item => JSON.stringify(item)).toSorted() : items
}

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

function conflictAbout(model: Model, table: Table, role: string, kind: Write): Inconsistency | undefined {
  const own = table.permissions.get(role)?.[kind]
  if (own || agree(table, kind, ofParents(model, table, role, kind))) return undefined
  const { source } = table
  const name = shown(table)
  return {
    type: conflictOfParents,
    name: role,
    entity: { table: name, source, permission_type: kind },
    reason: `Could not inherit permission for the role '${role}' for the entity: '${kind} permission, table: ${name}, source: '${source}''`,
  }
}
