/**
 * The expressions of circuitBreaker: `NetworkErrorRatio() > 0.30 || ResponseCodeRatio(500, 600, 0, 600) > 0.25`.
 * https://doc.traefik.io/traefik/middlewares/http/circuitbreaker/#configuring-the-trigger
 */

/** What the last ten seconds were like. */
export type CircuitFigures = {
  /** Share of requests that got no answer from a server; 0 when there were none. */
  networkErrorRatio(): number
  /** Answers with from <= status < to, divided by those with ofFrom <= status < ofTo; 0 when there were none. */
  responseCodeRatio(from: number, to: number, ofFrom: number, ofTo: number): number
  latencyAtQuantileMs(quantile: number): number
}

export type CircuitTest = (figures: CircuitFigures) => boolean

const measures: Record<string, { values: number; read(figures: CircuitFigures, values: number[]): number }> =
  {
    NetworkErrorRatio: { values: 0, read: figures => figures.networkErrorRatio() },
    LatencyAtQuantileMS: {
      values: 1,
      read: (figures, [quantile = 50]) => figures.latencyAtQuantileMs(quantile),
    },
    ResponseCodeRatio: {
      values: 4,
      read: (figures, [from = 0, to = 0, ofFrom = 0, ofTo = 0]) =>
        figures.responseCodeRatio(from, to, ofFrom, ofTo),
    },
  }

const comparisons: Record<string, (left: number, right: number) => boolean> = {
  '>': (left, right) => left > right,
  '>=': (left, right) => left >= right,
  '<': (left, right) => left < right,
  '<=': (left, right) => left <= right,
  '==': (left, right) => left === right,
  '!=': (left, right) => left !== right,
}

/** Throws an Error with a sentence. && binds closer than ||; parentheses group. */
export function compileCircuit(expression: string): CircuitTest {
  const tokens = expression.match(/&&|\|\||[<>=!]=|[<>(),]|[A-Za-z]+|\d+(?:\.\d+)?|\S/g) ?? []
  let next = 0
  const take = (wanted?: string): string => {
    const token = tokens[next++] ?? 'the end'
    if (wanted !== undefined && token !== wanted) throw new Error(`"${wanted}" is expected before "${token}"`)
    return token
  }
  const joined = (sign: string, part: () => CircuitTest, every: boolean): CircuitTest => {
    const parts = [part()]
    while (tokens[next] === sign) {
      take()
      parts.push(part())
    }
    return figures => (every ? parts.every(test => test(figures)) : parts.some(test => test(figures)))
  }
  const either = (): CircuitTest => joined('||', () => joined('&&', comparison, true), false)
  const comparison = (): CircuitTest => {
    if (tokens[next] === '(') {
      take()
      const inner = either()
      take(')')
      return inner
    }
    const name = take()
    const measure = Object.hasOwn(measures, name) ? measures[name] : undefined
    if (!measure) throw new Error(`this router does not know the measure "${name}"`)
    const values = measureValues(name, measure.values, take, () => tokens[next])
    const sign = take()
    const compare = comparisons[sign]
    if (!compare) throw new Error(`a comparison is expected before "${sign}"`)
    const limit = number(take())
    return figures => compare(measure.read(figures, values), limit)
  }
  const test = either()
  if (next < tokens.length) throw new Error(`"${tokens[next]}" does not belong there`)
  return test
}

function measureValues(
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
