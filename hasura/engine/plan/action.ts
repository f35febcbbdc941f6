/** A call of an action: its input, and what is taken of its answer. */
import type { Action } from '../model/actions.ts'
import { namedType, type TypeRef } from '../schema/types.ts'
import { readActionValue } from './action-input.ts'
import type { Selected } from './collect.ts'
import { rowsOf } from './permission.ts'
import { always, type PgType, type Selection } from './plan.ts'
import type { Planner } from './planner.ts'
import { planRows } from './select.ts'
import { argumentPlace, below, type SelectedField } from './selected.ts'
import { pgType } from './values.ts'

export type AnswerOutput = { key: string } & (
  | { is: 'text'; value: string }
  | { is: 'field'; name: string; type: TypeRef; outputs: AnswerOutput[] }
  /** Rows of a table for each object of the answer, where the columns equal its fields. */
  | {
      is: 'related'
      source: string
      pairs: { field: string; column: string; type: PgType }[]
      selection: Selection
    }
)
export type ActionPlan = {
  action: Action
  input: Record<string, unknown>
  type: TypeRef
  outputs: AnswerOutput[]
}
export type ActionResultPlan = {
  action: Action
  id: unknown
  outputs: AnswerOutput[]
}

export function planAction(planner: Planner, selected: SelectedField, action: Action): ActionPlan {
  const input: Record<string, unknown> = {}
  for (const { name } of selected.field.args) {
    const place = argumentPlace(selected, name)
    const value = place && readActionValue(planner, selected.args.get(name), place)
    if (value !== undefined) input[name] = value
  }
  return { action, input, type: selected.field.type, outputs: outputsOf(planner, selected) }
}

export function planActionResult(
  planner: Planner,
  selected: SelectedField,
  action: Action,
): ActionResultPlan {
  const place = argumentPlace(selected, 'id')
  const id = place && readActionValue(planner, selected.args.get('id'), place)
  return { action, id, outputs: outputsOf(planner, selected) }
}

function outputsOf(planner: Planner, selected: SelectedField): AnswerOutput[] {
  const type = namedType(selected.field.type)
  if (type.kind !== 'OBJECT') return []
  return below(planner, selected).flatMap(each => outputOf(planner, each, type.name))
}

function outputOf(planner: Planner, selected: Selected, typename: string): AnswerOutput[] {
  const { key } = selected
  if (selected.is === 'typename') return [{ key, is: 'text', value: typename }]
  const { means, name, type } = selected.field
  if (means.is !== 'action-relation')
    return [{ key, is: 'field', name, type, outputs: outputsOf(planner, selected) }]
  const { relation, source, pairs } = means.answer
  const shape = means.as === 'array' ? 'rows' : means.as === 'object' ? 'single' : 'aggregate'
  const selection = planRows(planner, selected, {
    table: relation.table,
    rows: rowsOf(relation.table, [], always),
    as: shape,
  })
  const by = pairs.map(([field, column]) => ({ field, column: column.name, type: pgType(column.type) }))
  return [{ key, is: 'related', source, pairs: by, selection }]
}
