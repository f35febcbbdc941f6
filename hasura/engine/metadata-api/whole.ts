/** Commands about the metadata as a whole: export, replace, clear, reload, what is inconsistent. */
import type { Inconsistency, Metadata, SourceMetadata } from '../metadata-types.ts'
import { conflictOfParents } from '../model/inherited-writes.ts'
import type { State } from '../state.ts'
import { type Args, flag, isObject, object, parseFailed, tableName } from './arguments.ts'

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
  const sources = metadata.sources.map(({ name, kind = 'postgres', ...rest }) => ({ name, kind, ...rest }))
  return { version: 3, ...Object.fromEntries(present), sources }
}

function isEmpty(value: unknown): boolean {
  if (value === undefined || value === null) return true
  if (Array.isArray(value)) return value.length === 0
  return typeof value === 'object' && Object.keys(value).length === 0
}

/**
 * `args` of replace_metadata: the metadata itself, or wrapped with whether it may be inconsistent. Metadata of before there
 * were sources is that of the first one.
 */
export function replacement(
  args: Args,
  before: Metadata,
): { metadata: Metadata; allowInconsistent: boolean } {
  const wrapped = isObject(args.metadata)
  const given = wrapped ? object(args, 'metadata') : args
  const { sources: named, ...rest } = isObject(given.metadata) ? given.metadata : given
  if (named !== undefined && !Array.isArray(named))
    throw parseFailed('$.sources', 'parsing [] failed, expected Array')
  const { tables, functions, ...others } = rest
  const sources = named === undefined ? oldSources(before, { tables, functions }) : named.map(withKind)
  const metadata: Metadata = { ...(named === undefined ? others : rest), version: 3, sources }
  return { metadata, allowInconsistent: wrapped && flag(args, 'allow_inconsistent_metadata') }
}

function withKind(source: unknown, position: number): SourceMetadata {
  if (!isObject(source) || typeof source.name !== 'string')
    throw parseFailed(`$.sources[${position}]`, 'key "name" not found')
  const { name, kind } = source
  return { ...source, name, kind: typeof kind === 'string' ? kind : 'postgres' }
}

function oldSources({ sources: [first] }: Metadata, parts: Record<string, unknown>): SourceMetadata[] {
  const { tables: _, functions: __, ...source } = first ?? { name: 'default' }
  const { tables = [], functions = [] } = parts
  if (!Array.isArray(tables)) throw parseFailed('$.tables', 'parsing [] failed, expected Array')
  if (!Array.isArray(functions)) throw parseFailed('$.functions', 'parsing [] failed, expected Array')
  return [
    withKind({ ...source, tables: tables.map(trackedTable), functions: functions.map(trackedFunction) }, 0),
  ]
}

function trackedTable(entry: unknown, position: number): object {
  const path = `$.tables[${position}]`
  if (!isObject(entry)) throw parseFailed(path, 'parsing Object failed, expected Object')
  return { ...entry, table: tableName(entry.table, `${path}.table`) }
}

/** The oldest form is the name alone. */
function trackedFunction(entry: unknown, position: number): object {
  const path = `$.functions[${position}]`
  return isObject(entry) && 'function' in entry
    ? { ...entry, function: tableName(entry.function, `${path}.function`) }
    : { function: tableName(entry, path) }
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
  return faults(after).filter(({ type, name }) => !known.has(`${type} ${name}`))
}

/** Inconsistencies that a change of metadata may not bring: that parents of a role disagree is none of them. */
export function faults({ inconsistencies }: State): Inconsistency[] {
  return inconsistencies.filter(({ type }) => type !== conflictOfParents)
}
