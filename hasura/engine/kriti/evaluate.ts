/** An expression of Kriti and a context → JSON. Bounded: a template cannot make more than it should. */
import { functions, type SessionFunctions } from './functions.ts'
import { type Expression, parseTemplate } from './parse.ts'
import { KritiError } from './tokens.ts'

export type KritiContext = {
  /** `$body`, `$base_url`, `$session_variables` … */
  names: Readonly<Record<string, unknown>>
  functions?: SessionFunctions
}

const mostSteps = 200_000

/** Throws a KritiError for a template that cannot be read, or that asks for what is not there. */
export function evaluateTemplate(source: string, context: KritiContext): unknown {
  let steps = 0
  const spend = (place: Expression) => {
    steps += 1
    if (steps > mostSteps)
      throw new KritiError('Evaluation Error', 'the template takes too many steps', place)
  }
  return evaluate(parseTemplate(source), new Map(Object.entries(context.names)), { spend, context })
}

type Names = ReadonlyMap<string, unknown>
type Run = { spend(place: Expression): void; context: KritiContext }

function evaluate(expression: Expression, names: Names, run: Run): unknown {
  run.spend(expression)
  const below = (inner: Expression) => evaluate(inner, names, run)
  switch (expression.is) {
    case 'json':
      return expression.value
    case 'text':
      return expression.parts
        .map(part => ('text' in part ? part.text : asText(below(part.of), part.of)))
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
      return binary(expression, below)
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
    const found = Object.entries(value).find(([name]) => name === String(key))
    if (found) return found[1]
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
  try {
    return fn(argument)
  } catch (cause) {
    const message = cause instanceof Error ? cause.message : String(cause)
    throw new KritiError('Function Error', message, expression.argument)
  }
}

function binary(
  { operator, left, right }: Expression & { is: 'binary' },
  below: (inner: Expression) => unknown,
): unknown {
  const first = below(left)
  switch (operator) {
    case '??':
      return first === null || first === undefined ? below(right) : first
    case '&&':
      return truth(first, left) && truth(below(right), right)
    case '||':
      return truth(first, left) || truth(below(right), right)
    case '==':
      return same(first, below(right))
    case '!=':
      return !same(first, below(right))
    case 'in': {
      const within = below(right)
      if (Array.isArray(within)) return within.some(item => same(item, first))
      return typeof within === 'object' && within !== null && Object.hasOwn(within, String(first))
    }
    default:
      return compared(operator, first, below(right))
  }
}

function same(left: unknown, right: unknown): boolean {
  return JSON.stringify(left) === JSON.stringify(right)
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
