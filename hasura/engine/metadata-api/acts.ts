/** Commands that answer something, or look at the whole. */
import { RequestError } from '../errors.ts'
import type { Metadata } from '../metadata-types.ts'
import type { Args } from './arguments.ts'
import { dropInconsistent } from './drop-inconsistent.ts'
import type { ApiContext } from './metadata-api.ts'
import { sourceActs } from './source-acts.ts'
import { suggestRelationships } from './suggest-relationships.ts'
import { testWebhookTransform } from './test-transform.ts'
import { consistency, exported, faults, newInconsistencies, replacement } from './whole.ts'

export type Act = (context: ApiContext, args: Args, command: { version: unknown }) => Promise<unknown>

export const acts: Readonly<Record<string, Act>> = {
  async export_metadata({ control, resourceVersion }, _, { version }) {
    const metadata = exported(control.current().metadata)
    return version === 2 ? { resource_version: resourceVersion(), metadata } : metadata
  },
  async replace_metadata(context, args, { version }) {
    const { metadata, allowInconsistent } = replacement(args, context.control.current().metadata)
    const before = context.control.current()
    const after = await context.control.load(structuredClone(metadata))
    refuseCycles(metadata)
    if (!allowInconsistent && faults(after).length > 0)
      throw new RequestError(
        'unexpected',
        '$.args',
        'cannot continue due to newly found inconsistent metadata',
        newInconsistencies(before, after),
      )
    await context.put(after)
    if (version !== 2 && !allowInconsistent) return { message: 'success' }
    return consistency(after)
  },
  async clear_metadata(context) {
    const before = context.control.current().metadata
    // The databases stay; what was tracked of them goes.
    const sources = before.sources.map(({ name, kind, configuration }) => ({
      name,
      ...(kind === undefined ? {} : { kind }),
      tables: [],
      ...(configuration === undefined ? {} : { configuration }),
    }))
    await context.put(await context.control.load({ version: 3, sources }))
    await context.onClear?.(before)
    return { message: 'success' }
  },
  async reload_metadata(context) {
    const { control } = context
    const after = await control.load(control.current().metadata)
    await context.put(after)
    const { is_consistent, inconsistent_objects } = consistency(after)
    return is_consistent
      ? { message: 'success', is_consistent }
      : { message: 'success', is_consistent, inconsistent_objects }
  },
  async get_inconsistent_metadata({ control }) {
    return consistency(control.current())
  },
  async drop_inconsistent_metadata(context) {
    return dropInconsistent(context)
  },
  async dump_internal_state({ control }) {
    const { metadata, model, inconsistencies } = control.current()
    const tables = [...model.tablesBySource].map(([source, known]) => ({
      source,
      tables: [...known.values()].map(({ schema, name }) => ({ schema, name })),
    }))
    return { metadata: exported(metadata), sources: tables, inconsistent_objects: inconsistencies }
  },
  test_webhook_transform: testWebhookTransform,
  suggest_relationships: suggestRelationships,
  ...sourceActs,
}

/** A role that is made of itself has no permissions at all. */
function refuseCycles({ inherited_roles = [] }: Metadata): void {
  const sets = new Map(inherited_roles.map(({ role_name, role_set }) => [role_name, role_set]))
  const cycle = (name: string, above: string[]): string[] | undefined => {
    const at = above.indexOf(name)
    if (at >= 0) return [...above.slice(at), name]
    for (const parent of (sets.get(name) ?? []).toSorted()) {
      const found = cycle(parent, [...above, name])
      if (found) return found
    }
    return undefined
  }
  for (const name of [...sets.keys()].toSorted()) {
    const found = cycle(name, [])
    if (found)
      throw new RequestError(
        'cyclic-dependency',
        '$.args',
        `found cycle(s) in roles: ${JSON.stringify(found)}`,
      )
  }
}
