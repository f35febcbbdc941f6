/**
 * The expressions of buffering's `retryExpression`: `IsNetworkError() && Attempts() < 2`.
 * https://doc.traefik.io/traefik/middlewares/http/buffering/#retryexpression
 */
import { compileExpression, type ExpressionFunction } from './expression.ts'

/** The attempt that was answered; the first is 1. */
export type Attempted = { number: number; method: string; status: number }

const functions: Record<string, ExpressionFunction<Attempted>> = {
  Attempts: { values: 0, gives: 'number', read: ({ number }) => number },
  ResponseCode: { values: 0, gives: 'number', read: ({ status }) => status },
  RequestMethod: { values: 0, gives: 'text', read: ({ method }) => method },
  IsNetworkError: { values: 0, gives: 'truth', read: ({ status }) => status === 502 || status === 504 },
}

/** Throws an Error with a sentence. */
export function compileRetry(expression: string): (attempted: Attempted) => boolean {
  return compileExpression(expression, functions)
}
