/** What is sent to an action: the arguments as JSON, checked against their types. */
import { isRawNumber, numberText } from '../exact-json.ts'
import { namedType, nullable, type TypeRef } from '../schema/types.ts'
import { type Input, isNull } from './input.ts'
import { inputJson } from './input-json.ts'
import type { Planner } from './planner.ts'
import {
  choice,
  integerText,
  itemType,
  mismatch,
  noList,
  type Place,
  peel,
  readList,
  readObject,
  unexpectedNull,
} from './read.ts'

/** Undefined when nothing is given. */
export function readActionValue(planner: Planner, input: Input | undefined, place: Place): unknown {
  const value = peel(planner, input, place)
  if (!value) return undefined
  if (isNull(value)) {
    if (place.type.ref === 'non-null') throw refusedNull(place, value)
    return null
  }
  if (nullable(place.type).ref === 'list') {
    const item = itemType(place.type)
    return readList(planner, value, place)?.map(
      each => readActionValue(planner, each.input, { type: item, path: each.path }) ?? null,
    )
  }
  const type = namedType(place.type)
  if (type.kind === 'INPUT_OBJECT') return readMembers(planner, value, place)
  if (type.kind === 'ENUM') return choice(value, type, place).name
  return readScalar(planner, value, { ...place, name: type.name })
}

function refusedNull(place: Place, value: Input): Error {
  if (nullable(place.type).ref === 'list') return noList(place.path)
  const { kind, name } = namedType(place.type)
  if (kind === 'INPUT_OBJECT') return mismatch(place, 'an object', value)
  if (kind === 'ENUM') return mismatch(place, 'an enum value', value)
  const expected = name === 'Int' ? 'a 32-bit integer' : builtIn[name]?.expected
  return expected ? mismatch(place, expected, value) : unexpectedNull(place)
}

function readMembers(planner: Planner, value: Input, place: Place): Record<string, unknown> {
  const found: Record<string, unknown> = {}
  for (const [name, { input, field, path }] of readObject(planner, value, place) ?? []) {
    const member = readActionValue(planner, input, { type: field.type, path })
    if (member !== undefined) found[name] = member
  }
  return found
}

const builtIn: Record<string, { expected: string; type: string }> = {
  String: { expected: 'a string', type: 'string' },
  Boolean: { expected: 'a boolean', type: 'boolean' },
  Float: { expected: 'a float', type: 'number' },
}

function readScalar(planner: Planner, value: Input, place: Place & { type: TypeRef; name: string }): unknown {
  if (place.name === 'Int') {
    const text = integerText(value, place.path)
    if (text === undefined) throw mismatch(place, 'a 32-bit integer', value)
    return Number(text)
  }
  const json = inputJson(planner, value)
  const wanted = builtIn[place.name]
  const kind = isRawNumber(json) ? 'number' : typeof json
  if (wanted && kind !== wanted.type) throw mismatch(place, wanted.expected, value)
  if (place.name === 'ID' && kind !== 'string' && kind !== 'number') throw mismatch(place, 'a string', value)
  return place.name === 'ID' ? (numberText(json) ?? json) : json
}
