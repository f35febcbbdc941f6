/** A role's limits: the server's, narrowed by the metadata's `api_limits`. Admin has none. */
import type { Metadata, RoleLimits } from './metadata-types.ts'
import { admin } from './model/role-permissions.ts'
import { defaultLimits, type Limits, noLimits } from './plan/limits.ts'

export function limitsFor(role: string, options: Partial<Limits>, metadata: Metadata): Limits {
  if (role === admin) return noLimits
  const limits = { ...defaultLimits, ...options }
  const configured = metadata.api_limits
  if (!configured || configured.disabled) return limits
  const narrowed = (limit: number, by: RoleLimits | undefined, unit = 1) =>
    Math.min(limit, (by?.per_role?.[role] ?? by?.global ?? Number.POSITIVE_INFINITY) * unit)
  return {
    ...limits,
    depth: narrowed(limits.depth, configured.depth_limit),
    nodes: narrowed(limits.nodes, configured.node_limit),
    batch: narrowed(limits.batch, configured.batch_limit),
    timeMs: narrowed(limits.timeMs, configured.time_limit, 1000),
  }
}
