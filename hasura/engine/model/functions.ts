/** Functions tracked as root fields. */

import type { CatalogFunction } from '../catalog.ts'
import type { TrackedFunction } from '../metadata-types.ts'
import { qualifiedKey, type TrackedFn } from '../model.ts'
import { type Building, qualified, shown } from './building.ts'
import { argumentFaults, callArguments } from './computed.ts'
import { inconsistentFunction } from './inconsistent.ts'
import { customised, fieldName, isGraphqlName, plainTypeName, tableName } from './naming.ts'

export function buildFunctions(building: Building): TrackedFn[] {
  const functions: TrackedFn[] = []
  for (const entry of building.source.functions ?? []) {
    const fn = buildFunction(building, entry)
    if (typeof fn !== 'string') {
      functions.push(fn)
      continue
    }
    building.inconsistencies.push(inconsistentFunction(building.source.name, qualified(entry.function), fn))
  }
  return functions
}

function buildFunction(building: Building, entry: TrackedFunction): TrackedFn | string {
  const wanted = qualified(entry.function)
  const overloads = building.catalog.functions.get(qualifiedKey(wanted)) ?? []
  const [fn] = overloads
  if (!fn) return `no such function exists in postgres: "${shown(wanted)}"`
  if (overloads.length > 1)
    return `function "${shown(wanted)}" is overloaded. Overloaded functions are not supported`
  const table = building.tables.get(
    qualifiedKey(qualified(entry.configuration?.response?.table ?? fn.returns)),
  )
  const { configuration = {} } = entry
  const args = callArguments(fn, { session: configuration.session_argument })
  const fault = faultOf(fn, entry, table !== undefined) ?? argumentFaults(args)[0]
  if (fault || !table) return `the function "${shown(wanted)}" cannot be tracked because ${fault}`
  const own = configuration.custom_name
  const base = own || tableName(wanted.schema, wanted.name)
  if (!isGraphqlName(base)) return `"${base}" is not a valid GraphQL identifier`
  const { naming } = building
  const { function: one, function_aggregate: aggregate } = configuration.custom_root_fields ?? {}
  const volatile = fn.volatility === 'volatile'
  return {
    is: 'function',
    source: building.source.name,
    function: wanted,
    // A name of one's own stays as it was given.
    field: customised(naming, one || own || fieldName(naming, base)),
    aggregateField: customised(
      naming,
      aggregate || (own ? `${own}_aggregate` : fieldName(naming, `${base}_aggregate`)),
    ),
    argumentsType: plainTypeName(naming, fieldName(naming, `${base}_args`)),
    arguments: args,
    table,
    set: fn.returns_set,
    exposedAs: configuration.exposed_as ?? (volatile ? 'mutation' : 'query'),
    volatile,
    comment: entry.comment ?? fn.comment,
    roles: new Set((entry.permissions ?? []).map(({ role }) => role)),
  }
}

function faultOf(
  fn: CatalogFunction,
  { configuration }: TrackedFunction,
  returnsTable: boolean,
): string | undefined {
  const session = configuration?.session_argument
  const argument = fn.arguments.find(({ name }) => name === session)
  if (session && !argument)
    return `given session argument "${session}" not the input argument of the function`
  if (session && argument?.type.name !== 'json')
    return `given session argument "${session}" is not of type json`
  if (fn.variadic) return 'functions with VARIADIC arguments are not supported'
  if (configuration?.exposed_as === 'mutation' && fn.volatility !== 'volatile')
    return 'the function was requested to be exposed as a mutation, but is not marked VOLATILE. Maybe the function was given the wrong volatility when it was defined?'
  if (!returnsTable) return 'the function does not return a tracked table'
  return undefined
}
