/**
 * The expressions of circuitBreaker: `NetworkErrorRatio() > 0.30 || ResponseCodeRatio(500, 600, 0, 600) > 0.25`.
 * https://doc.traefik.io/traefik/middlewares/http/circuitbreaker/#configuring-the-trigger
 */
import { compileExpression, type ExpressionFunction } from './expression.ts'

/** What the last ten seconds were like. */
export type CircuitFigures = {
  /** Share of requests that got no answer from a server; 0 when there were none. */
  networkErrorRatio(): number
  /** Answers with from <= status < to, divided by those with ofFrom <= status < ofTo; 0 when there were none. */
  responseCodeRatio(from: number, to: number, ofFrom: number, ofTo: number): number
  latencyAtQuantileMs(quantile: number): number
}

export type CircuitTest = (figures: CircuitFigures) => boolean

const functions: Record<string, ExpressionFunction<CircuitFigures>> = {
  NetworkErrorRatio: { values: 0, gives: 'number', read: figures => figures.networkErrorRatio() },
  LatencyAtQuantileMS: {
    values: 1,
    gives: 'number',
    read: (figures, [quantile = 50]) => figures.latencyAtQuantileMs(quantile),
  },
  ResponseCodeRatio: {
    values: 4,
    gives: 'number',
    read: (figures, [from = 0, to = 0, ofFrom = 0, ofTo = 0]) =>
      figures.responseCodeRatio(from, to, ofFrom, ofTo),
  },
}

/** Throws an Error with a sentence. */
export function compileCircuit(expression: string): CircuitTest {
  return compileExpression(expression, functions)
}
