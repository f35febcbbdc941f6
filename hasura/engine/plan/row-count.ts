/** `limit` and `offset`. */
import { numberText } from '../exact-json.ts'
import { type Input, isNull } from './input.ts'
import type { PgType, Value } from './plan.ts'
import type { Planner } from './planner.ts'
import { integerText, mismatch, type Place, variableAt } from './read.ts'
import { variableInput } from './variables.ts'

const type: PgType = { name: 'int8', schema: 'pg_catalog', array: false }

/** A number of the metadata, which is part of the statement. */
function fixedCount(number: number): Value {
  return { from: 'metadata', text: String(Math.trunc(number)), type }
}

/** A number of the request, with its magnitude: that much of it Postgres is told before it is bound. */
function givenCount(text: string, most = Number.POSITIVE_INFINITY): Value {
  const magnitude = 10 ** Math.max(1, text.length)
  return { from: 'document', value: text, type, most: Math.min(magnitude, most) }
}

export function readCount(
  planner: Planner,
  input: Input | undefined,
  place: Place & { bigint?: boolean },
): Value | undefined {
  if (!input) return undefined
  const name = variableAt(planner, input, place)
  const absent = (value: Input) => Boolean(place.nullIsNothing) && isNull(value)
  if (name === undefined) return absent(input) ? undefined : givenCount(count(input, place))
  planner.variables.open.add(name)
  const found = variableInput(planner.variables, name)
  if (!found || absent(found)) return undefined
  if (found.is === 'ast') return givenCount(count(found, place))
  count(found, place)
  return { from: 'variable', name, read: value => count({ is: 'json', value }, place), type }
}

/** An offset has 64 bits, and may be a string of digits; Postgres refuses what is below zero. */
function count(input: Input, place: Place & { bigint?: boolean }): string {
  if (place.bigint) {
    const found = digits(input) ?? integerText(input, place.path, 64)
    if (found !== undefined) return found
    throw mismatch(place, 'a 32-bit integer, or a 64-bit integer represented as a string', input)
  }
  if (!isNegative(input)) {
    const found = integerText(input, place.path)
    if (found !== undefined) return found
  }
  throw mismatch(place, 'a non-negative 32-bit integer', input)
}

function isNegative(input: Input): boolean {
  return input.is === 'json'
    ? (numberText(input.value)?.startsWith('-') ?? false)
    : input.node.kind === 'IntValue' && input.node.value.startsWith('-')
}

function digits(input: Input): string | undefined {
  const text =
    input.is === 'json' ? input.value : input.node.kind === 'StringValue' ? input.node.value : undefined
  return typeof text === 'string' && /^\d{1,18}$/.test(text) ? text : undefined
}

/** The permission's limit holds however large the request's is. */
export function smaller(asked: Value | undefined, most: number | undefined): Value | undefined {
  if (most === undefined) return asked
  if (asked?.from === 'document')
    return Number(asked.value) < most ? givenCount(String(asked.value), most) : fixedCount(most)
  if (asked?.from !== 'variable') return fixedCount(most)
  return { ...asked, most, read: value => String(Math.min(Number(asked.read(value)), most)) }
}
