/** An inherited role stands for a set of roles, which may be inherited themselves. */
import type { Inconsistency } from '../metadata-types.ts'

export function resolveInheritedRoles(
  entries: { role_name: string; role_set: string[] }[],
  inconsistencies: Inconsistency[],
): Map<string, string[]> {
  const sets = new Map(entries.map(({ role_name, role_set }) => [role_name, role_set]))
  const resolved = new Map<string, string[]>()
  for (const name of sets.keys()) {
    const roles = new Set<string>()
    if (collect(sets, name, roles, [])) resolved.set(name, [...roles])
    else
      inconsistencies.push({
        type: 'inherited_role',
        name: `inherited role ${name}`,
        reason: `Inconsistent object: the inherited role "${name}" contains itself`,
      })
  }
  return resolved
}

function collect(sets: Map<string, string[]>, name: string, roles: Set<string>, above: string[]): boolean {
  if (above.includes(name)) return false
  const parents = sets.get(name)
  if (!parents) {
    roles.add(name)
    return true
  }
  return parents.every(parent => collect(sets, parent, roles, [...above, name]))
}
