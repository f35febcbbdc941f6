/** Reads values against types: objects, lists, flags, numbers, choices. Refuses with Hasura's words and path. */
import { invalid, quotedList, RequestError } from '../errors.ts'
import { isRawNumber, numberText } from '../exact-json.ts'
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
import type { Planner } from './planner.ts'
import { unknownField } from './unknown-field.ts'
import { checkUse, variableInput } from './variables.ts'

/** A place where a value is expected. */
export type Place = { type: TypeRef; path: string; hasDefault?: boolean }

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
  if (!value || (isNull(value) && place.type.ref !== 'non-null')) return undefined
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
  if (!value || (isNull(value) && place.type.ref !== 'non-null')) return undefined
  const list = items(value)
  if (!list) return [{ input: value, path: `${place.path}[0]` }]
  return list.map((item, position) => {
    spendValue(planner.budget, depthOf(place.path))
    return { input: item, path: `${place.path}[${position}]` }
  })
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
  if (isNull(value) && place.type.ref !== 'non-null') return undefined
  throw mismatch(place, 'a boolean', value)
}

export function mismatch(place: Place, expected: string, found: Input): RequestError {
  const { name } = namedType(place.type)
  if (isNull(found)) return invalid(place.path, `unexpected null value for type '${name}'`)
  return invalid(place.path, `expected ${expected} for type '${name}', but found ${describe(found)}`)
}

const int32 = 2 ** 31

/** An integer's text, within 32 bits. */
export function integerText(input: Input): string | undefined | 'outside' {
  if (input.is === 'ast' && input.node.kind === 'IntValue') {
    const number = Number(input.node.value)
    return number >= -int32 && number < int32 ? input.node.value : 'outside'
  }
  if (input.is === 'ast' && input.node.kind === 'FloatValue') return undefined
  if (input.is !== 'json') return undefined
  if (isRawNumber(input.value)) return 'outside'
  if (typeof input.value !== 'number') return undefined
  const within = Number.isInteger(input.value) && input.value >= -int32 && input.value < int32
  return within ? String(input.value) : 'outside'
}

export function outOfRange(path: string, input: Input): RequestError {
  const text =
    input.is === 'json'
      ? (numberText(input.value) ?? '')
      : input.node.kind === 'IntValue'
        ? input.node.value
        : ''
  const shown = scientific(Number(text))
  return new RequestError(
    'parse-failed',
    path,
    `The value ${shown} lies outside the bounds or is not an integer. Maybe it is a float, or is there integer overflow?`,
  )
}

/** 2147483648 is written 2.147483648e9, and small numbers with a decimal point: as Haskell shows them. */
function scientific(number: number): string {
  const size = Math.abs(number)
  if (size >= 0.1 && size < 1e7) return Number.isInteger(number) ? `${number}.0` : String(number)
  const [digits = '0', exponent = '0'] = number.toExponential().split('e')
  return `${digits.includes('.') ? digits : `${digits}.0`}e${Number(exponent)}`
}

/** `stored`: what stands for it in Postgres. */
export type Choice = { name: string; stored: string; column: Column | undefined }

/** One value of an enum. */
export function readChoice(planner: Planner, input: Input, place: Place): Choice {
  const value = peel(planner, input, place)
  const type = namedType(place.type)
  if (!value || type.kind !== 'ENUM')
    throw invalid(place.path, `unexpected null value for type '${type.name}'`)
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
