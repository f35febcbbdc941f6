/** An inherited role has what its parents have, which may be inherited themselves. */
import type { Inconsistency } from '../metadata-types.ts'
import type { Model } from '../model.ts'

/** Each role and its parents. What a parent is given itself is taken before what it inherits, so they are not looked through. */
export function resolveInheritedRoles(
  entries: { role_name: string; role_set: string[] }[],
  inconsistencies: Inconsistency[],
): Map<string, string[]> {
  const sets = new Map(entries.map(({ role_name, role_set }) => [role_name, [...new Set(role_set)]]))
  const resolved = new Map<string, string[]>()
  for (const [name, parents] of sets) {
    if (ends(sets, name, [])) resolved.set(name, parents)
    else
      inconsistencies.push({
        type: 'inherited_role',
        name: `inherited role ${name}`,
        reason: `Inconsistent object: the inherited role "${name}" contains itself`,
      })
  }
  return resolved
}

function ends(sets: Map<string, string[]>, name: string, below: string[]): boolean {
  if (below.includes(name)) return false
  return (sets.get(name) ?? []).every(parent => ends(sets, parent, [...below, name]))
}

/** Whether a role, or one that it inherits from, is among them: of permissions that are there or not. */
export function isAmong(model: Pick<Model, 'inheritedRoles'>, role: string, roles: Set<string>): boolean {
  if (roles.has(role)) return true
  return (model.inheritedRoles.get(role) ?? []).some(parent => isAmong(model, parent, roles))
}
