/**
 * The variables of a request. A variable that only fills the place of one value stays open in the plan; one that
 * decides on the plan's form (an object, a list of orders, a flag) is noted as structural: its value is part of the
 * plan's key in the cache.
 */
import { type OperationDefinitionNode, print, type TypeNode, type VariableDefinitionNode } from 'graphql'
import { invalid } from '../errors.ts'
import type { TypeRef } from '../schema/types.ts'
import { typeText } from '../schema/types.ts'
import type { Input } from './input.ts'

export type Variables = {
  definitions: ReadonlyMap<string, VariableDefinitionNode>
  given: Readonly<Record<string, unknown>>
  structural: Set<string>
  /** Of these only matters whether they are given, and whether as null. */
  open: Set<string>
}

export function readVariables(
  operation: OperationDefinitionNode,
  given: Readonly<Record<string, unknown>>,
): Variables {
  const definitions = new Map<string, VariableDefinitionNode>()
  for (const definition of operation.variableDefinitions ?? []) {
    const name = definition.variable.name.value
    if (definitions.has(name)) throw invalid('$.query', `multiple definitions for variable "${name}"`)
    definitions.set(name, definition)
  }
  checkVariables(definitions, given)
  return { definitions, given, structural: new Set(), open: new Set() }
}

/** Repeated for every execution of a remembered plan. */
export function checkVariables(
  definitions: ReadonlyMap<string, VariableDefinitionNode>,
  given: Readonly<Record<string, unknown>>,
): void {
  const unexpected = Object.keys(given).filter(name => !definitions.has(name))
  if (unexpected.length > 0)
    throw invalid('$', `unexpected variables in variableValues: ${unexpected.join(', ')}`)
  for (const [name, { type, defaultValue }] of definitions) {
    if (type.kind !== 'NonNullType') continue
    const value = Object.hasOwn(given, name) ? given[name] : undefined
    if (value === undefined && !defaultValue)
      throw invalid('$', `expecting a value for non-nullable variable: "${name}"`)
    if (value === null) throw invalid('$', `null value found for non-nullable type: "${print(type)}"`)
  }
}

/** The value of a variable: given, or its default, or undefined. */
export function variableInput({ definitions, given }: Variables, name: string): Input | undefined {
  if (Object.hasOwn(given, name) && given[name] !== undefined) return { is: 'json', value: given[name] }
  const node = definitions.get(name)?.defaultValue
  return node && { is: 'ast', node }
}

/** Refuses a variable in a place of another type. */
export function checkUse(
  { definitions }: Variables,
  name: string,
  { type, hasDefault, path }: { type: TypeRef; hasDefault: boolean; path: string },
): void {
  const definition = definitions.get(name)
  if (!definition) throw invalid(path, `unbound variable "${name}"`)
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
  if (wanted.ref === 'non-null') return given.kind === 'NonNullType' && compatible(given.type, wanted.of)
  if (given.kind === 'NonNullType') return compatible(given.type, wanted)
  if (wanted.ref === 'list') return given.kind === 'ListType' && compatible(given.type, wanted.of)
  return given.kind === 'NamedType' && given.name.value === wanted.name
}
