/**
 * The expressions in route files, a corner of Go's grammar: functions compared with numbers or texts, && and ||,
 * parentheses. `NetworkErrorRatio() > 0.30 || ResponseCodeRatio(500, 600, 0, 600) > 0.25`
 */

export type ExpressionFunction<Facts> = { values: number } & (
  | { gives: 'number'; read(facts: Facts, values: number[]): number }
  | { gives: 'text'; read(facts: Facts, values: number[]): string }
  /** Stands alone, without a comparison. */
  | { gives: 'truth'; read(facts: Facts, values: number[]): boolean }
)

export type ExpressionTest<Facts> = (facts: Facts) => boolean

type Comparison = (left: number | string, right: number | string) => boolean
const comparisons: Record<string, Comparison> = {
  '>': (left, right) => left > right,
  '>=': (left, right) => left >= right,
  '<': (left, right) => left < right,
  '<=': (left, right) => left <= right,
  '==': (left, right) => left === right,
  '!=': (left, right) => left !== right,
}

const maxDepth = 50

/** Throws an Error with a sentence. && binds closer than ||; parentheses group. */
export function compileExpression<Facts>(
  expression: string,
  functions: Record<string, ExpressionFunction<Facts>>,
): ExpressionTest<Facts> {
  const tokens = expression.match(/&&|\|\||[<>=!]=|[<>(),]|[A-Za-z]+|\d+(?:\.\d+)?|"[^"]*"|\S/g) ?? []
  let next = 0
  const take = (wanted?: string): string => {
    const token = tokens[next++] ?? 'the end'
    if (wanted !== undefined && token !== wanted) throw new Error(`"${wanted}" is expected before "${token}"`)
    return token
  }
  const joined = (sign: string, part: () => ExpressionTest<Facts>, every: boolean): ExpressionTest<Facts> => {
    const parts = [part()]
    while (tokens[next] === sign) {
      take()
      parts.push(part())
    }
    return facts => (every ? parts.every(test => test(facts)) : parts.some(test => test(facts)))
  }
  const either = (depth: number): ExpressionTest<Facts> =>
    joined('||', () => joined('&&', () => term(depth), true), false)
  const term = (depth: number): ExpressionTest<Facts> => {
    if (depth > maxDepth) throw new Error('the expression is nested too deeply')
    if (tokens[next] !== '(') return comparison()
    take()
    const inner = either(depth + 1)
    take(')')
    return inner
  }
  const comparison = (): ExpressionTest<Facts> => {
    const name = take()
    const called = Object.hasOwn(functions, name) ? functions[name] : undefined
    if (!called) throw new Error(`this router does not know the function "${name}"`)
    const values = readValues(name, called.values, take, () => tokens[next])
    if (called.gives === 'truth') return facts => called.read(facts, values)
    const sign = take()
    const compare = comparisons[sign]
    if (!compare || (called.gives === 'text' && sign !== '==' && sign !== '!='))
      throw new Error(`a comparison is expected before "${sign}"`)
    const limit = called.gives === 'text' ? text(take()) : number(take())
    return facts => compare(called.read(facts, values), limit)
  }
  const test = either(0)
  if (next < tokens.length) throw new Error(`"${tokens[next]}" does not belong there`)
  return test
}

function readValues(
  name: string,
  wanted: number,
  take: (token?: string) => string,
  peek: () => string | undefined,
): number[] {
  take('(')
  const values: number[] = []
  while (peek() !== ')') {
    if (values.length > 0) take(',')
    values.push(number(take()))
  }
  take(')')
  if (values.length !== wanted) throw new Error(`${name} takes ${wanted} value(s), not ${values.length}`)
  return values
}

function number(token: string): number {
  const value = Number(token)
  if (!/^\d/.test(token) || Number.isNaN(value)) throw new Error(`a number is expected instead of "${token}"`)
  return value
}

function text(token: string): string {
  if (!/^".*"$/.test(token)) throw new Error(`a "text" is expected instead of "${token}"`)
  return token.slice(1, -1)
}
