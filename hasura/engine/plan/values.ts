/** One value for a column or an argument of a function: coerced to the text that Postgres reads. */

import type { CatalogType } from '../catalog.ts'
import { invalid, RequestError } from '../errors.ts'
import { numberText } from '../exact-json.ts'
import { namedType, nullable } from '../schema/types.ts'
import { describe, type Input, isNull, items, toJson } from './input.ts'
import { exceeded } from './limits.ts'
import type { Encoded, PgType, Value } from './plan.ts'
import type { Planner } from './planner.ts'
import { choice, integerText, mismatch, outOfRange, type Place, variableAt } from './read.ts'
import { variableInput } from './variables.ts'

export function pgType(type: CatalogType): PgType {
  const { name, schema } = type.element ?? type
  return { name, schema, array: Boolean(type.element) }
}

export function arrayOf(type: PgType): PgType {
  return { ...type, array: true }
}

/** A value, or a list of values where the place's type is a list. Null is refused unless `nulls`. */
export function readValue(
  planner: Planner,
  input: Input,
  place: Place & { postgres: PgType; nulls?: boolean },
): Value {
  const { postgres: type } = place
  const encode = (found: Input) => encoded(planner, found, place)
  const name = variableAt(planner, input, place)
  if (name === undefined) return { from: 'document', value: encode(input), type }
  planner.variables.open.add(name)
  const found = variableInput(planner.variables, name)
  if (!found || found.is === 'ast')
    return { from: 'document', value: encode(found ?? { is: 'json', value: null }), type }
  encode(found)
  return { from: 'variable', name, read: value => encode({ is: 'json', value }), type }
}

function encoded(
  planner: Planner,
  input: Input,
  place: Place & { postgres: PgType; nulls?: boolean },
): Encoded {
  const inner = nullable(place.type)
  if (isNull(input)) {
    if (place.nulls) return null
    const { name } = namedType(place.type)
    if (inner.ref === 'list') throw invalid(place.path, `expected a list for type '${name}', but found null`)
    // A JSON column takes null as a value.
    if (['json', 'jsonb'].includes(place.postgres.name)) return 'null'
    throw invalid(place.path, `unexpected null value for type '${name}'`)
  }
  if (inner.ref !== 'list') return scalar(planner, input, place)
  const list = items(input)
  const written = list ? undefined : text(input)
  // Also in the form that Postgres writes: "{a,b}".
  if (written !== undefined && (input.is === 'json' || /^\{.*\}$/s.test(written))) return written
  // Counted for itself: what a remembered plan reads later belongs to no request's budget.
  const most = planner.budget.limits.values
  if ((list?.length ?? 0) > most) throw exceeded('the number of values', most)
  return (list ?? [input]).map((item, position) => {
    const at = { ...place, type: inner.of, path: `${place.path}[${position}]` }
    return scalar(planner, variableItem(planner, item, at), at)
  })
}

/** A variable inside a list belongs to the plan's form. */
function variableItem(planner: Planner, input: Input, place: Place): Input {
  const name = variableAt(planner, input, place)
  if (name === undefined) return input
  planner.variables.structural.add(name)
  return variableInput(planner.variables, name) ?? { is: 'json', value: null }
}

function scalar(planner: Planner, input: Input, place: Place & { postgres: PgType }): string {
  const type = namedType(place.type)
  if (type.kind === 'ENUM') return choice(input, type, place).stored
  switch (type.name) {
    case 'Int':
      return integer(input, place)
    case 'String':
      return text(input) ?? fail(place, 'a string', input)
    case 'Boolean':
      return boolean(input) ?? text(input) ?? fail(place, 'a boolean', input)
    case 'Float':
      return number(input) ?? text(input) ?? fail(place, 'a float', input)
    case 'json':
    case 'jsonb':
      return JSON.stringify(toJson(input, name => variableJson(planner, name)))
    default:
      return other(planner, input, place)
  }
}

function fail(place: Place, expected: string, input: Input): never {
  throw mismatch(place, expected, input)
}

function integer(input: Input, place: Place): string {
  const found = integerText(input)
  if (found === 'outside') throw outOfRange(place.path, input)
  // Text is left to Postgres, as for every other type of number.
  return found ?? text(input) ?? fail(place, 'a 32-bit integer', input)
}

function text(input: Input): string | undefined {
  if (input.is === 'ast') return input.node.kind === 'StringValue' ? input.node.value : undefined
  return typeof input.value === 'string' ? input.value : undefined
}

function boolean(input: Input): string | undefined {
  if (input.is === 'ast') return input.node.kind === 'BooleanValue' ? String(input.node.value) : undefined
  return typeof input.value === 'boolean' ? String(input.value) : undefined
}

function number(input: Input): string | undefined {
  if (input.is === 'ast')
    return input.node.kind === 'IntValue' || input.node.kind === 'FloatValue'
      ? plainNumber(input.node.value)
      : undefined
  const written = numberText(input.value)
  return written === undefined ? undefined : plainNumber(written)
}

/** `-2E-2` is -0.02: not every type of Postgres reads exponents. */
function plainNumber(text: string): string {
  const found = /^(-?)(\d+)(?:\.(\d+))?[eE]([+-]?\d+)$/.exec(text)
  if (!found) return text
  const [, sign = '', whole = '', fraction = '', exponent = '0'] = found
  const shift = Number(exponent)
  if (Math.abs(shift) > 400) return text
  const digits =
    '0'.repeat(Math.max(0, -shift - whole.length + 1)) +
    whole +
    fraction +
    '0'.repeat(Math.max(0, shift - fraction.length))
  const point = Math.max(whole.length + shift, whole.length + shift + Math.max(0, -shift - whole.length + 1))
  return `${sign}${digits.slice(0, point)}${point < digits.length ? `.${digits.slice(point)}` : ''}`
}

/** Every other type is written as text and read by Postgres. */
function other(planner: Planner, input: Input, place: Place & { postgres: PgType }): string {
  const plain = text(input) ?? number(input) ?? boolean(input)
  const { name } = place.postgres
  if (plain !== undefined) return name === 'ltree' ? labelPath(plain, place.path) : plain
  if (isNull(input))
    throw invalid(place.path, `unexpected null value for type '${namedType(place.type).name}'`)
  if (input.is === 'ast' && input.node.kind === 'EnumValue')
    throw invalid(
      place.path,
      `expected a scalar for type '${namedType(place.type).name}', but found ${describe(input)}`,
    )
  return JSON.stringify(toJson(input, variable => variableJson(planner, variable)))
}

/** https://www.postgresql.org/docs/current/ltree.html */
export function labelPath(value: string, path: string): string {
  if (value === '' || value.split('.').every(label => /^[\p{L}\p{N}_-]+$/u.test(label))) return value
  throw new RequestError(
    'parse-failed',
    path,
    'Expecting label path: a sequence of zero or more labels separated by dots, for example L1.L2.L3',
  )
}

function variableJson(planner: Planner, name: string): unknown {
  planner.variables.structural.add(name)
  const found = variableInput(planner.variables, name)
  return found ? toJson(found, () => null) : null
}
