/** An expression of Kriti and a context → JSON. Bounded: a template cannot make more than it should. */
import { isRawNumber, numberText } from '../exact-json.ts'
import { functions, type SessionFunctions } from './functions.ts'
import { type Expression, parseTemplate } from './parse.ts'
import { KritiError } from './tokens.ts'

export type KritiContext = {
  /** `$body`, `$base_url`, `$session_variables` … */
  names: Readonly<Record<string, unknown>>
  functions?: SessionFunctions
}

const mostSteps = 200_000
/** Of what a template makes, written as JSON. What stands in it by reference is written out each time. */
const mostCharacters = 16_000_000

/** Throws a KritiError for a template that cannot be read, or that asks for what is not there. */
export function evaluateTemplate(source: string, context: KritiContext): unknown {
  const expression = parseTemplate(source)
  let steps = 0
  let characters = 0
  const spend = (place: Expression, cost = 1) => {
    steps += cost
    if (steps > mostSteps)
      throw new KritiError('Evaluation Error', 'the template takes too many steps', place)
  }
  const grow = (place: Expression, by: number) => {
    characters += by
    if (characters > mostCharacters)
      throw new KritiError('Evaluation Error', 'the template makes too much', place)
  }
  const made = evaluate(expression, new Map(Object.entries(context.names)), { spend, grow, context })
  characters = 0
  measure(made, by => grow(expression, by))
  return made
}

type Names = ReadonlyMap<string, unknown>
type Run = {
  /** `cost`: how much is looked at, in the time that one step takes. */
  spend(place: Expression, cost?: number): void
  grow(place: Expression, by: number): void
  context: KritiContext
}

function measure(value: unknown, grow: (by: number) => void): void {
  if (typeof value === 'string') grow(value.length + 2)
  else if (typeof value !== 'object' || value === null) grow(5)
  else if (Array.isArray(value)) {
    grow(2)
    for (const item of value) measure(item, grow)
  } else
    for (const [key, item] of Object.entries(value)) {
      grow(key.length + 4)
      measure(item, grow)
    }
}

/** Functions and comparisons go through all of a value: so many of its parts in the time of a step. */
const partsInAStep = 100

function costOf(value: unknown): number {
  if (typeof value === 'string') return 1 + value.length / (partsInAStep * 100)
  if (typeof value !== 'object' || value === null) return 1
  return 1 + (Array.isArray(value) ? value.length : Object.keys(value).length) / partsInAStep
}

function evaluate(expression: Expression, names: Names, run: Run): unknown {
  run.spend(expression)
  const below = (inner: Expression) => evaluate(inner, names, run)
  switch (expression.is) {
    case 'json':
      return expression.value
    case 'text':
      return expression.parts
        .map(part => {
          const text = 'text' in part ? part.text : asText(below(part.of), part.of)
          run.grow(expression, text.length)
          return text
        })
        .join('')
    case 'list':
      return expression.items.map(below)
    case 'object':
      return Object.fromEntries(expression.members.map(([key, value]) => [String(below(key)), below(value)]))
    case 'name':
      if (!names.has(expression.name)) throw notInScope(expression.name, expression)
      return names.get(expression.name)
    case 'below':
      return member(below(expression.of), below(expression.key), expression)
    case 'call':
      return call(expression, below(expression.argument), run)
    case 'binary':
      return binary(expression, below, run)
    case 'if': {
      const found = expression.cases.find(([condition]) => truth(below(condition), condition))
      return below(found ? found[1] : expression.otherwise)
    }
    case 'range':
      return range(expression, below(expression.of), names, run)
  }
}

function notInScope(name: string, place: Expression): KritiError {
  return new KritiError('Name Error', `Variable '${name}' not in scope`, place)
}

function asText(value: unknown, place: Expression): string {
  if (typeof value === 'string') return value
  if (typeof value === 'number' || typeof value === 'boolean' || value === null) return JSON.stringify(value)
  throw new KritiError('Type Error', `Cannot interpolate type: '${kindOf(value)}'.`, place)
}

function kindOf(value: unknown): string {
  if (value === null || value === undefined) return 'Null'
  if (Array.isArray(value)) return 'Array'
  const kind = typeof value
  return kind.charAt(0).toUpperCase() + kind.slice(1)
}

function truth(value: unknown, place: Expression): boolean {
  if (typeof value === 'boolean') return value
  throw new KritiError(
    'Type Error',
    `Couldn't match expected type 'Boolean' with actual type '${kindOf(value)}'.`,
    place,
  )
}

function member(value: unknown, key: unknown, place: Expression & { is: 'below' }): unknown {
  if (place.optional && (value === null || value === undefined)) return null
  if (Array.isArray(value) && typeof key === 'number') {
    if (key >= 0 && key < value.length) return value[key]
  } else if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
    const name = String(key)
    if (Object.hasOwn(value, name)) return (value as Record<string, unknown>)[name]
  }
  if (place.optional) return null
  const message = Array.isArray(value)
    ? `Can't find index '${String(key)}' in array.`
    : `'${kindOf(value)}' has no attribute '${String(key)}'.`
  throw new KritiError('Attribute Error', message, place)
}

function call(expression: Expression & { is: 'call' }, argument: unknown, run: Run): unknown {
  const own = { ...functions, ...run.context.functions }
  const fn = Object.hasOwn(own, expression.name) ? own[expression.name] : undefined
  if (!fn) throw notInScope(expression.name, expression)
  run.spend(expression, costOf(argument))
  try {
    return fn(argument)
  } catch (cause) {
    const message = cause instanceof Error ? cause.message : String(cause)
    throw new KritiError('Function Error', message, expression.argument)
  }
}

function binary(
  expression: Expression & { is: 'binary' },
  below: (inner: Expression) => unknown,
  run: Run,
): unknown {
  const { operator, left, right } = expression
  const equal = (one: unknown, other: unknown) => same(one, other, by => run.spend(expression, by))
  const first = below(left)
  switch (operator) {
    case '??':
      return first === null || first === undefined ? below(right) : first
    case '&&':
      return truth(first, left) && truth(below(right), right)
    case '||':
      return truth(first, left) || truth(below(right), right)
    case '==':
      return equal(first, below(right))
    case '!=':
      return !equal(first, below(right))
    case 'in': {
      const within = below(right)
      if (Array.isArray(within)) return within.some(item => equal(item, first))
      return typeof within === 'object' && within !== null && Object.hasOwn(within, String(first))
    }
    default:
      return compared(operator, first, below(right))
  }
}

/** `spend`: told of every hundred parts that were looked at. */
function same(left: unknown, right: unknown, spend: (cost: number) => void): boolean {
  spend(1 / partsInAStep)
  if (typeof left !== 'object' || typeof right !== 'object' || left === null || right === null)
    return left === right
  if (isRawNumber(left) || isRawNumber(right)) return numberText(left) === numberText(right)
  const [one, other] = [Object.entries(left), Object.entries(right)]
  if (Array.isArray(left) !== Array.isArray(right) || one.length !== other.length) return false
  spend(one.length / partsInAStep)
  return one.every(
    ([key, value]) =>
      Object.hasOwn(right, key) && same(value, (right as Record<string, unknown>)[key], spend),
  )
}

function compared(operator: string, left: unknown, right: unknown): boolean {
  const order = left === right ? 0 : String(left) < String(right) ? -1 : 1
  const difference = typeof left === 'number' && typeof right === 'number' ? left - right : order
  switch (operator) {
    case '<':
      return difference < 0
    case '<=':
      return difference <= 0
    case '>':
      return difference > 0
    default:
      return difference >= 0
  }
}

function range(expression: Expression & { is: 'range' }, value: unknown, names: Names, run: Run): unknown[] {
  if (!Array.isArray(value))
    throw new KritiError('Range Error', `Can't range over '${kindOf(value)}'.`, expression.of)
  const { index, item, body } = expression
  return value.map((each, position) => {
    const inner = new Map(names).set(item, each)
    if (index !== undefined) inner.set(index, position)
    return evaluate(body, inner, run)
  })
}
