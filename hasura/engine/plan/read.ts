/** Reads values against types: objects, lists, flags, numbers, choices. Refuses with Hasura's words and path. */
import { invalid, quotedList, type RequestError } from '../errors.ts'
import { numberText } from '../exact-json.ts'
import type { Column } from '../model.ts'
import {
  type Argument,
  type EnumType,
  type InputField,
  namedType,
  nullable,
  type TypeRef,
} from '../schema/types.ts'
import { describe, type Input, isNull, items, members } from './input.ts'
import { spendValue } from './limits.ts'
import { integerWithin, outside } from './numbers.ts'
import type { Planner } from './planner.ts'
import { unknownField } from './unknown-field.ts'
import { checkUse, variableInput } from './variables.ts'

/**
 * A place where a value is expected. `nullIsNothing`: null is as if nothing stood there. Elsewhere it is refused, even where the
 * type could be null: `delete_albums(where: {_and: null})` must not delete every row.
 */
export type Place = { type: TypeRef; path: string; hasDefault?: boolean; nullIsNothing?: boolean }

/** The name of the variable that stands here, checked against the place. */
export function variableAt(
  planner: Planner,
  input: Input,
  { type, path, hasDefault = false }: Place,
): string | undefined {
  if (input.is !== 'ast' || input.node.kind !== 'Variable') return undefined
  const name = input.node.name.value
  checkUse(planner.variables, name, { type, hasDefault, path })
  return name
}

/** The value itself, a variable replaced by what it holds; undefined when that is nothing. */
export function peel(planner: Planner, input: Input | undefined, place: Place): Input | undefined {
  if (!input) return undefined
  const name = variableAt(planner, input, place)
  if (name === undefined) return input
  planner.variables.structural.add(name)
  return variableInput(planner.variables, name)
}

export type Member = { input: Input; field: InputField; path: string }

/** The fields of an input object, in the order of the type; those whose variable is not given are left out. */
export function readObject(
  planner: Planner,
  input: Input | undefined,
  place: Place,
): Map<string, Member> | undefined {
  const value = peel(planner, input, place)
  if (!value || isNothing(value, place)) return undefined
  const type = namedType(place.type)
  const given = members(value)
  if (!given || type.kind !== 'INPUT_OBJECT')
    throw invalid(place.path, `expected an object for type '${type.name}', but found ${describe(value)}`)
  const fields = type.fields()
  const found = new Map<string, Member>()
  for (const [name, member] of given) {
    spendValue(planner.budget, depthOf(place.path))
    const path = `${place.path}.${name}`
    const field = fields.get(name)
    if (!field) throw unknownField(path, name, type.name)
    if (isGiven(planner, member)) found.set(name, { input: member, field, path })
  }
  for (const field of fields.values())
    if (field.type.ref === 'non-null' && field.default === undefined && !found.has(field.name))
      throw invalid(`${place.path}.${field.name}`, `missing required field '${field.name}'`)
  return found
}

function isNothing(value: Input, { nullIsNothing = false }: Place): boolean {
  return nullIsNothing && isNull(value)
}

function depthOf(path: string): number {
  let depth = 0
  for (const character of path) if (character === '.' || character === '[') depth += 1
  return depth
}

/** False for a variable without value: the place counts as left out. */
export function isGiven(planner: Planner, input: Input): boolean {
  if (input.is !== 'ast' || input.node.kind !== 'Variable') return true
  const name = input.node.name.value
  planner.variables.open.add(name)
  return !planner.variables.definitions.has(name) || variableInput(planner.variables, name) !== undefined
}

/** The items of a list; a single value is a list of one. */
export function readList(
  planner: Planner,
  input: Input | undefined,
  place: Place,
): { input: Input; path: string }[] | undefined {
  const value = peel(planner, input, place)
  if (!value || isNothing(value, place)) return undefined
  if (isNull(value)) throw noList(place.path)
  const list = items(value)
  if (!list) return [{ input: value, path: `${place.path}[0]` }]
  // Variables that are nothing leave no gap: `_or: [$x]` would else mean every row.
  return list
    .filter(item => isGiven(planner, item))
    .map((item, position) => {
      spendValue(planner.budget, depthOf(place.path))
      return { input: item, path: `${place.path}[${position}]` }
    })
}

export function noList(path: string): RequestError {
  return invalid(path, 'expected a list, but found null')
}

/** The type of a list's items. */
export function itemType(type: TypeRef): TypeRef {
  const list = nullable(type)
  return list.ref === 'list' ? list.of : list
}

export function readBoolean(planner: Planner, input: Input | undefined, place: Place): boolean | undefined {
  const value = peel(planner, input, place)
  if (!value) return undefined
  if (value.is === 'ast' && value.node.kind === 'BooleanValue') return value.node.value
  if (value.is === 'json' && typeof value.value === 'boolean') return value.value
  if (isNothing(value, place)) return undefined
  throw mismatch(place, 'a boolean', value)
}

export function mismatch(place: Place, expected: string, found: Input): RequestError {
  const { name } = namedType(place.type)
  return invalid(place.path, `expected ${expected} for type '${name}', but found ${describe(found)}`)
}

/** A column or argument that may not be null. */
export function unexpectedNull({ path, type }: Place): RequestError {
  return invalid(path, `unexpected null value for type '${namedType(type).name}'`)
}

/** An integer where no column stands behind it: written without a point in the document, any whole number in JSON. */
export function integerText(input: Input, path: string, bits = 32): string | undefined {
  const text =
    input.is === 'json'
      ? numberText(input.value)
      : input.node.kind === 'IntValue'
        ? input.node.value
        : undefined
  return text === undefined ? undefined : (integerWithin(text, bits) ?? outside(path, text))
}

/** `stored`: what stands for it in Postgres. */
export type Choice = { name: string; stored: string; column: Column | undefined }

/** One value of an enum. */
export function readChoice(planner: Planner, input: Input, place: Place): Choice {
  const value = peel(planner, input, place)
  const type = namedType(place.type)
  if (!value || type.kind !== 'ENUM') throw unexpectedNull(place)
  return choice(value, type, place)
}

export function choice(value: Input, type: EnumType, place: Place): Choice {
  const name = enumName(value)
  if (name === undefined) throw mismatch(place, 'an enum value', value)
  const found = type.values.find(each => each.name === name)
  if (found) return { name, stored: found.stored ?? name, column: found.column }
  const names = quotedList(type.values.map(each => each.name))
  throw invalid(
    place.path,
    `expected one of the values ${names} for type '${type.name}', but found '${name}'`,
  )
}

function enumName(value: Input): string | undefined {
  if (value.is === 'ast') return value.node.kind === 'EnumValue' ? value.node.value : undefined
  return typeof value.value === 'string' ? value.value : undefined
}

/** The arguments of a field: none that it does not know, all that it needs. */
export function readArguments(
  planner: Planner,
  field: { name: string; args: Argument[] },
  given: [string, Input][],
  path: string,
): Map<string, Input> {
  const found = new Map<string, Input>()
  for (const [name, input] of given) {
    if (!field.args.some(argument => argument.name === name))
      throw invalid(path, `'${field.name}' has no argument named '${name}'`)
    if (found.has(name)) throw invalid(path, `the argument '${name}' is given more than once`)
    if (isGiven(planner, input)) found.set(name, input)
  }
  for (const { name, type, default: fallback } of field.args)
    if (type.ref === 'non-null' && fallback === undefined && !found.has(name))
      throw invalid(`${path}.args.${name}`, `missing required field '${name}'`)
  return found
}
