/** Commands about the metadata as a whole: export, replace, clear, reload, what is inconsistent. */
import { RequestError } from '../errors.ts'
import type { Inconsistency, Metadata } from '../metadata-types.ts'
import type { State } from '../state.ts'
import { type Args, flag, isObject, object, parseFailed } from './arguments.ts'

/** Top-level keys in the order of an export; what is empty is left out. */
const keys = [
  'remote_schemas',
  'query_collections',
  'allowlist',
  'actions',
  'custom_types',
  'cron_triggers',
  'rest_endpoints',
  'inherited_roles',
  'api_limits',
  'graphql_schema_introspection',
  'network',
  'metrics_config',
  'opentelemetry',
] as const

export function exported(metadata: Metadata): Metadata {
  const present = keys.filter(key => !isEmpty(metadata[key])).map(key => [key, metadata[key]])
  return { version: 3, ...Object.fromEntries(present), sources: metadata.sources }
}

function isEmpty(value: unknown): boolean {
  if (value === undefined || value === null) return true
  if (Array.isArray(value)) return value.length === 0
  return typeof value === 'object' && Object.keys(value).length === 0
}

/** `args` of replace_metadata: the metadata itself, or wrapped with whether it may be inconsistent. */
export function replacement(args: Args): { metadata: Metadata; allowInconsistent: boolean } {
  const wrapped = isObject(args.metadata)
  const given = wrapped ? object(args, 'metadata') : args
  const inner = isObject(given.metadata) ? given.metadata : given
  if (inner.version !== undefined && inner.version !== 3)
    throw new RequestError(
      'not-supported',
      '$.args',
      `metadata of version ${inner.version} is not supported; export it as version 3`,
    )
  if (inner.sources !== undefined && !Array.isArray(inner.sources))
    throw parseFailed('$.sources', 'parsing [] failed, expected Array')
  const sources = Array.isArray(inner.sources) ? inner.sources : []
  for (const [position, source] of sources.entries())
    if (!isObject(source) || typeof source.name !== 'string')
      throw parseFailed(`$.sources[${position}]`, 'key "name" not found')
  const metadata: Metadata = { version: 3, ...inner, sources }
  return { metadata, allowInconsistent: wrapped && flag(args, 'allow_inconsistent_metadata') }
}

export function isConsistent({ inconsistencies }: State): boolean {
  return inconsistencies.length === 0
}

export function consistency(state: State): { is_consistent: boolean; inconsistent_objects: Inconsistency[] } {
  return { is_consistent: isConsistent(state), inconsistent_objects: state.inconsistencies }
}

/** An object that was sound before, or never was there. */
export function newInconsistencies(before: State, after: State): Inconsistency[] {
  const known = new Set(before.inconsistencies.map(({ type, name }) => `${type} ${name}`))
  return after.inconsistencies.filter(({ type, name }) => !known.has(`${type} ${name}`))
}
