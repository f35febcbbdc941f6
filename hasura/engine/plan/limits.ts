/** How much one request may ask for. Every role has limits but admin. */
import { RequestError } from '../errors.ts'

export type Limits = {
  /** Nested selection sets. */
  depth: number
  /** Fields, fragments counted where they are used. */
  nodes: number
  /** Selections looked at: a field that repeats counts each time, a fragment in every field that spreads it. */
  selections: number
  /** Root fields. */
  aliases: number
  /** Values in arguments and variables, objects and lists counted with what is in them. */
  values: number
  /** How deep arguments may nest. */
  valueDepth: number
  /** Tokens of the document. */
  tokens: number
  /** Operations in one HTTP request. */
  batch: number
  /** Bytes of an answer's data. */
  bytes: number
  /** Milliseconds in Postgres. */
  timeMs: number
}

export const defaultLimits: Limits = {
  depth: 15,
  nodes: 1000,
  selections: 50_000,
  aliases: 50,
  values: 20_000,
  valueDepth: 40,
  tokens: 20_000,
  batch: 20,
  bytes: 50_000_000,
  timeMs: 10_000,
}

export const noLimits: Limits = {
  depth: Number.POSITIVE_INFINITY,
  nodes: Number.POSITIVE_INFINITY,
  selections: Number.POSITIVE_INFINITY,
  aliases: Number.POSITIVE_INFINITY,
  values: Number.POSITIVE_INFINITY,
  // Not a matter of trust: deeper than this, the stack ends.
  valueDepth: 400,
  tokens: 1_000_000,
  batch: Number.POSITIVE_INFINITY,
  bytes: Number.POSITIVE_INFINITY,
  timeMs: 0,
}

export type Budget = {
  limits: Limits
  nodes: number
  selections: number
  values: number
  /** Of all `__schema` and `__type` of the request, which have limits of their own. */
  introspection?: { budget: Budget; objects: number }
}

export function exceeded(what: string, limit: number): RequestError {
  return new RequestError(
    'validation-failed',
    '$.query',
    `the query is too large: ${what} exceeds the limit of ${limit}`,
  )
}

export function spendNode(budget: Budget, depth: number): void {
  budget.nodes += 1
  if (budget.nodes > budget.limits.nodes) throw exceeded('the number of fields', budget.limits.nodes)
  if (depth > budget.limits.depth) throw exceeded('the depth', budget.limits.depth)
}

export function spendSelection(budget: Budget): void {
  budget.selections += 1
  if (budget.selections > budget.limits.selections)
    throw exceeded('the number of selections', budget.limits.selections)
}

export function spendValue(budget: Budget, depth: number): void {
  budget.values += 1
  if (budget.values > budget.limits.values) throw exceeded('the number of values', budget.limits.values)
  if (depth > budget.limits.valueDepth) throw exceeded('the depth of an argument', budget.limits.valueDepth)
}
