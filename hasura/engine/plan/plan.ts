/**
 * What a request asks of Postgres, said without SQL and without metadata. Written by plan/, read by print/.
 */

import type { Mutation } from '../mutation/mutation.ts'
import type { AggregateOperator } from '../schema/types.ts'
import type { ActionPlan, ActionResultPlan } from './action.ts'
import type { Rooted } from './members.ts'

/** A Postgres type as casts name it; `element` when the value is an array. */
export type PgType = { name: string; schema: string; array: boolean }

/** What is sent as a parameter: text in the form that Postgres reads. */
export type Encoded = string | null | (string | null)[]

export type Value =
  /** Written in the metadata, so part of the statement. */
  | { from: 'metadata'; text: string | null; type: PgType }
  | { from: 'session'; name: string; type: PgType }
  /** All session variables as a JSON object. */
  | { from: 'session-object'; type: PgType }
  /** `most`: of a number of rows, what it is at most, said before it is bound. */
  | { from: 'document'; value: Encoded; type: PgType; most?: number }
  /** Read anew in each execution of a remembered plan. */
  | {
      from: 'variable'
      name: string
      read: (value: unknown) => Encoded
      type: PgType
      most?: number
    }
  | { from: 'list'; values: Value[]; type: PgType }
  /** What each of many rows has in a column, or null: one parameter. */
  | { from: 'rows'; values: (Value | undefined)[]; type: PgType }
  /** What a subscriber has seen of a stream: printed for subscriptions only. */
  | { from: 'state'; type: PgType }

/** A row of which columns are taken: the one at hand, or the one the whole expression is about. */
export type RowRef = 'this' | 'root'

export type Expression =
  | { is: 'column'; name: string; row: RowRef; mask?: BoolExp }
  /** A column of the row that an object relationship leads to. */
  | { is: 'through'; rows: Rows; then: OrderExpression }
  | { is: 'call'; call: Call; mask?: BoolExp }
  | { is: 'cast'; of: Expression; type: PgType }
  /** An enum's value under graphql-default, where they are written in capitals. */
  | { is: 'upper'; of: Expression }
  | { is: 'aggregated' }
  | { is: 'value'; value: Value }

export type Call = { schema: string; name: string; arguments: CallValue[] }
export type CallValue = { name?: string } & ({ is: 'row' } | { is: 'value'; value: Value })

export type BoolExp =
  | { is: 'and' | 'or'; all: BoolExp[] }
  | { is: 'not'; exp: BoolExp }
  /** A permission starts here: `root` is the row at hand. */
  | { is: 'rooted'; exp: BoolExp }
  | { is: 'compare'; left: Expression; operator: string; right: Expression }
  | { is: 'null'; left: Expression; negated: boolean }
  | { is: 'exists'; rows: Rows }
  | {
      is: 'aggregate'
      rows: Rows
      function: string
      columns: Expression[]
      distinct: boolean
      filter: BoolExp
      /** About `{is: 'aggregated'}`: the function's result. */
      predicate: BoolExp
    }

export type OrderItem = { by: OrderExpression; direction: string }
export type OrderExpression =
  | Expression
  | { is: 'aggregate'; rows: Rows; function: 'count' | AggregateOperator; column?: Expression }

/** Rows of a table or of a function's result, below the row at hand where `join` says so. */
export type Rows = {
  from: { is: 'table'; schema: string; name: string } | { is: 'call'; call: Call } | { is: 'mutated' }
  /** Pairs of columns: of the row at hand, of these rows. */
  join: [string, string][]
  where: BoolExp
  orderBy: OrderItem[]
  distinctOn: Expression[]
  limit: Value | undefined
  offset: Value | undefined
}

export type Selection =
  | { is: 'rows'; rows: Rows; single: boolean; outputs: Output[] }
  /** `nodes`: read apart from what is aggregated, because the permission's limit holds for them alone. */
  | { is: 'aggregate'; rows: Rows; outputs: AggregateOutput[]; nodes: Rows | undefined }

/** One key of a row's JSON object. `text`: sent as a string, because JSON's numbers would lose digits. */
export type Output = { key: string } & (
  | { is: 'text'; value: string }
  | { is: 'value'; expression: Expression; text: boolean | 'array'; path: Value | undefined }
  | { is: 'selection'; selection: Selection; mask?: BoolExp }
  /** Rows of another source, whose columns equal those of the row at hand: filled in later, the key standing there till then. */
  | {
      is: 'apart'
      source: string
      columns: string[]
      pairs: { column: string; type: PgType }[]
      selection: Selection
    }
)
export type AggregateOutput = { key: string } & (
  | { is: 'text'; value: string }
  | { is: 'aggregate'; outputs: AggregateField[] }
  | { is: 'nodes'; outputs: Output[] }
)
export type AggregateField = { key: string } & (
  | { is: 'text'; value: string }
  | { is: 'count'; columns: Expression[]; distinct: boolean }
  | { is: 'operator'; operator: AggregateOperator; outputs: AggregateColumn[] }
)
export type AggregateColumn = { key: string } & (
  | { is: 'text'; value: string }
  | { is: 'value'; expression: Expression; text: boolean }
)

/** A stream: rows whose `by` comes after what was seen, beginning with `initial`. */
export type Stream = {
  rows: Rows
  by: Expression
  descending: boolean
  initial: Value
  batch: Value | undefined
  outputs: Output[]
}

export type RootPlan = Rooted & { name: string } & (
    | /** Known without asking Postgres: `__typename`, introspection. */
    { is: 'json'; json: string }
    | { is: 'query'; source: string; selection: Selection }
    | { is: 'mutation'; source: string; mutation: Mutation }
    | { is: 'stream'; source: string; stream: Stream }
    | { is: 'action'; plan: ActionPlan }
    | { is: 'action-result'; plan: ActionResultPlan }
  )

export type Plan = {
  operation: 'query' | 'mutation' | 'subscription'
  name: string | undefined
  roots: RootPlan[]
}

export const always: BoolExp = { is: 'and', all: [] }
export const never: BoolExp = { is: 'or', all: [] }

/** `and` without the parts that always hold. */
export function both(...parts: BoolExp[]): BoolExp {
  const all = parts.flatMap(part => (part.is === 'and' ? part.all : [part]))
  const [only] = all
  return all.length === 1 && only ? only : { is: 'and', all }
}
