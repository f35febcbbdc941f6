/** `limit` and `offset`. */
import { type Input, isNull } from './input.ts'
import type { PgType, Value } from './plan.ts'
import type { Planner } from './planner.ts'
import { integerText, mismatch, type Place, variableAt } from './read.ts'
import { variableInput } from './variables.ts'

const type: PgType = { name: 'int8', schema: 'pg_catalog', array: false }

export function constantCount(number: number): Value {
  return { from: 'document', value: String(number), type }
}

export function readCount(
  planner: Planner,
  input: Input | undefined,
  place: Place & { bigint?: boolean },
): Value | undefined {
  if (!input) return undefined
  const name = variableAt(planner, input, place)
  if (name === undefined)
    return isNull(input) ? undefined : { from: 'document', value: count(input, place), type }
  planner.variables.open.add(name)
  const found = variableInput(planner.variables, name)
  if (!found || isNull(found)) return undefined
  if (found.is === 'ast') return { from: 'document', value: count(found, place), type }
  count(found, place)
  return { from: 'variable', name, read: value => count({ is: 'json', value }, place), type }
}

/** Also as a string of digits, which is how 64-bit numbers are sent. */
function count(input: Input, place: Place & { bigint?: boolean }): string {
  const text = integerText(input) ?? (place.bigint ? digits(input) : undefined)
  if (text === undefined || text === 'outside' || text.startsWith('-'))
    throw mismatch(place, 'a non-negative 32-bit integer', input)
  return text
}

function digits(input: Input): string | undefined {
  const text =
    input.is === 'json' ? input.value : input.node.kind === 'StringValue' ? input.node.value : undefined
  return typeof text === 'string' && /^\d{1,18}$/.test(text) ? text : undefined
}

/** The permission's limit holds however large the request's is. */
export function smaller(asked: Value | undefined, most: number | undefined): Value | undefined {
  if (most === undefined) return asked
  if (asked?.from === 'document') return constantCount(Math.min(Number(asked.value), most))
  if (asked?.from !== 'variable') return constantCount(most)
  return { ...asked, read: value => String(Math.min(Number(asked.read(value)), most)) }
}
