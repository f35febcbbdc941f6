/** Calls of tracked functions and computed fields. */
import { RequestError } from '../errors.ts'
import type { CallArgument } from '../model.ts'
import { typeText } from '../schema/types.ts'
import type { Input } from './input.ts'
import type { Call, CallValue } from './plan.ts'
import type { Planner } from './planner.ts'
import { type Member, type Place, readObject } from './read.ts'
import { pgType, readValue } from './values.ts'

type Callable = { function: { schema: string; name: string }; arguments: CallArgument[] }

/** A call that takes nothing from the request. */
export function callOf(callable: Callable): Call {
  return called(callable, () => undefined)
}

/** A call with the request's `args`. */
export function planCall(
  planner: Planner,
  callable: Callable,
  input: Input | undefined,
  place: Place | undefined,
): Call {
  const given = place && readObject(planner, input, place)
  if (!place) return callOf(callable)
  const found = new Map([...(given ?? [])].map(([name, member]) => [name, read(planner, member)]))
  checkOmitted(callable.arguments, found, place.path)
  return called(callable, name => found.get(name))
}

function read(planner: Planner, { input, field, path }: Member) {
  if (field.means.is !== 'argument') throw new Error(`${typeText(field.type)} is no argument`)
  const { argument } = field.means
  return readValue(planner, input, { type: field.type, path, postgres: pgType(argument.type), nulls: true })
}

/** Only arguments with a default may be left out, and unnamed ones only from the end. */
function checkOmitted(args: CallArgument[], found: Map<string, unknown>, path: string): void {
  let omitted = false
  for (const argument of args) {
    if (argument.is !== 'input') continue
    const given = found.has(argument.field)
    if (!given && !argument.hasDefault)
      throw new RequestError('not-supported', path, 'Non default arguments cannot be omitted')
    if (given && omitted && argument.name === '')
      throw new RequestError('not-supported', path, 'Only last set of positional arguments can be omitted')
    omitted ||= !given
  }
}

/** Named from the first argument that is left out. */
function called(
  { function: { schema, name }, arguments: args }: Callable,
  given: (field: string) => Extract<CallValue, { is: 'value' }>['value'] | undefined,
): Call {
  const values: CallValue[] = []
  let named = false
  for (const argument of args) {
    const value = passed(argument, given)
    if (!value) {
      named = true
      continue
    }
    const own = argument.is === 'input' ? argument.name : ''
    values.push(named && own ? { ...value, name: own } : value)
  }
  return { schema, name, arguments: values }
}

function passed(argument: CallArgument, given: Parameters<typeof called>[1]): CallValue | undefined {
  if (argument.is === 'row') return { is: 'row' }
  if (argument.is === 'session')
    return { is: 'value', value: { from: 'session-object', type: pgType(argument.type) } }
  const value = given(argument.field)
  return value && { is: 'value', value }
}
