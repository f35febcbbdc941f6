/** What a mutation field asks of Postgres. Part of the plan, like plan/plan.ts. */
import type { ValidateInput } from '../metadata-types.ts'
import type { BoolExp, Output, PgType, Value } from '../plan/plan.ts'
import type { Validation } from './validate-input.ts'

/** The columns in the table's own order, so that a row of them is a row of its type. */
export type Target = { schema: string; name: string; columns: string[] }

export type InsertRow = {
  path: string
  /** What the request gives. */
  values: Map<string, Value>
  /** What the permission sets, whatever the request, a row that is there first or the row around it says. */
  presets: Map<string, Value>
  /** Rows of object relationships that are there first: their columns give this row its own. */
  before: { pairs: Pair[]; name: string; insert: Insert }[]
  /** Rows that point to this one. */
  after: { pairs: Pair[]; insert: Insert }[]
  /** The row as the request gives it, for a webhook that validates it. */
  json(): unknown
}
/** A column of the row, the one of the other row that equals it, and the type of the one that is given its value. */
export type Pair = [here: string, there: string, type: PgType]
export type OnConflict = {
  /** Undefined: whichever it is, which only a row that is left alone may say. */
  constraint: string | undefined
  /** None: the row that is there stays as it is. */
  update: { column: string; value: Value | 'excluded' }[]
  where: BoolExp
}
export type Insert = {
  /** `defaulted`: columns that are not simply null where they are left out. */
  into: Target & { defaulted: ReadonlySet<string> }
  path: string
  rows: InsertRow[]
  onConflict: OnConflict | undefined
  /** Must hold for each row that was inserted, or updated by a conflict. */
  check: BoolExp
  /** In its place for rows that a conflict updated, where the permission to update has a check of its own. */
  updateCheck: BoolExp | undefined
  /** Asked about the rows before any is written. */
  validation: ValidateInput | undefined
}
/** Without a value: the column's default. */
export type Assignment = { column: string; operator: string; value?: Value }
export type Update = { table: Target; set: Assignment[]; where: BoolExp; check: BoolExp; path: string }
export type Delete = { table: Target; where: BoolExp; path: string }

/** The answer: a response object, or the row itself. */
export type MutationOutput = { is: 'row'; outputs: Output[] } | { is: 'response'; outputs: ResponseOutput[] }
export type ResponseOutput = { key: string } & (
  | { is: 'text'; value: string }
  | { is: 'affected_rows' }
  | { is: 'returning'; outputs: Output[] }
)

export type Mutation =
  | { is: 'insert'; insert: Insert; output: MutationOutput }
  /** Several run in order, each sees what the one before did. */
  | {
      is: 'update'
      updates: Update[]
      list: boolean
      output: MutationOutput
      validation: Validation | undefined
    }
  | { is: 'delete'; delete: Delete; output: MutationOutput; validation: Validation | undefined }
