/**
 * The variables of a request. A variable that only fills the place of one value stays open in the plan; one that
 * decides on the plan's form (an object, a list of orders, a flag) is noted as structural: its value is part of the
 * plan's key in the cache.
 */
import { print, type TypeNode, type VariableDefinitionNode } from 'graphql'
import { invalid, RequestError } from '../errors.ts'
import type { TypeRef } from '../schema/types.ts'
import { typeText } from '../schema/types.ts'
import type { Operation } from './document.ts'
import type { Input } from './input.ts'
import { variablesOf } from './used-variables.ts'

export type Variables = {
  definitions: ReadonlyMap<string, VariableDefinitionNode>
  /** Names that the operation speaks of. */
  used: ReadonlySet<string>
  /** What a variable is that has neither value nor default: nothing, as if its place was empty, or null. */
  unbound: 'nothing' | 'null'
  given: Readonly<Record<string, unknown>>
  structural: Set<string>
  /** Of these only matters whether they are given, and whether as null. */
  open: Set<string>
}

export function readVariables(
  operation: Operation,
  given: Readonly<Record<string, unknown>>,
  unbound: Variables['unbound'] = 'null',
): Variables {
  const definitions = new Map<string, VariableDefinitionNode>()
  for (const definition of operation.node.variableDefinitions ?? []) {
    const name = definition.variable.name.value
    if (definitions.has(name))
      throw new RequestError('parse-failed', '$', `multiple definitions for variable "${name}"`)
    definitions.set(name, definition)
  }
  const used = variablesOf(operation)
  for (const name of used) if (!definitions.has(name)) throw invalid('$', `unbound variable "${name}"`)
  checkVariables({ definitions, used }, given)
  return { definitions, used, unbound, given, structural: new Set(), open: new Set() }
}

/** Repeated for every execution of a remembered plan. A value for what the operation does not use is refused too. */
export function checkVariables(
  { definitions, used }: Pick<Variables, 'definitions' | 'used'>,
  given: Readonly<Record<string, unknown>>,
): void {
  for (const [name, { type, defaultValue }] of definitions) {
    if (type.kind !== 'NonNullType') continue
    const value = Object.hasOwn(given, name) ? given[name] : undefined
    if (value === undefined && !defaultValue)
      throw invalid('$', `expecting a value for non-nullable variable: "${name}"`)
    if (value === null) throw invalid('$', `null value found for non-nullable type: "${print(type)}"`)
  }
  const unexpected = Object.keys(given).filter(name => !used.has(name))
  if (unexpected.length > 0)
    throw invalid('$', `unexpected variables in variableValues: ${unexpected.join(', ')}`)
}

/**
 * The value of a variable: given, or its default. With neither it is null, which most places refuse: a `where` that compares
 * with a variable whose name was misspelt must not mean every row. Undefined only where `unbound` says so.
 */
export function variableInput({ definitions, given, unbound }: Variables, name: string): Input | undefined {
  if (isBound(given, name)) return { is: 'json', value: given[name] }
  const node = definitions.get(name)?.defaultValue
  if (node) return { is: 'ast', node }
  return unbound === 'null' ? { is: 'json', value: null } : undefined
}

/** Whether the request gives it a value, which may be null. */
export function isBound(given: Variables['given'], name: string): boolean {
  return Object.hasOwn(given, name) && given[name] !== undefined
}

/** Refuses a variable in a place of another type. */
export function checkUse(
  { definitions }: Variables,
  name: string,
  { type, hasDefault, path }: { type: TypeRef; hasDefault: boolean; path: string },
): void {
  const definition = definitions.get(name)
  if (!definition) throw invalid('$', `unbound variable "${name}"`)
  const given = definition.type
  const filled = definition.defaultValue !== undefined && definition.defaultValue.kind !== 'NullValue'
  const location =
    type.ref === 'non-null' && given.kind !== 'NonNullType' && (filled || hasDefault) ? type.of : type
  if (!compatible(given, location))
    throw invalid(
      path,
      `variable '${name}' is declared as '${print(given)}', but used where '${typeText(type)}' is expected`,
    )
}

function compatible(given: TypeNode, wanted: TypeRef): boolean {
  return (wanted.ref !== 'non-null' || given.kind === 'NonNullType') && sameShape(given, wanted)
}

/** Lists and name. Whether the items of a list may be null is not compared: `[Int]` fits where `[Int!]` is expected. */
function sameShape(given: TypeNode, wanted: TypeRef): boolean {
  if (wanted.ref === 'non-null') return sameShape(given, wanted.of)
  if (given.kind === 'NonNullType') return sameShape(given.type, wanted)
  if (wanted.ref === 'list') return given.kind === 'ListType' && sameShape(given.type, wanted.of)
  return given.kind === 'NamedType' && given.name.value === wanted.name
}
