/** What a permission to write adds: values it sets, and a condition on the row that was written. */
import type { Json, ValidateInput } from '../metadata-types.ts'
import type { Column, Table } from '../model.ts'
import { inputJson } from '../plan/input-json.ts'
import { metadataValue, permission, scopeOf } from '../plan/permission.ts'
import { tablesOf } from '../plan/permitted.ts'
import { always, type BoolExp, type Value } from '../plan/plan.ts'
import type { Planner } from '../plan/planner.ts'
import type { SelectedField } from '../plan/selected.ts'
import { pgType } from '../plan/values.ts'
import type { Validation } from './validate-input.ts'

export function checkOf(
  planner: Planner,
  table: Table,
  check: Parameters<typeof permission>[1] | undefined,
): BoolExp {
  return check ? permission(scopeOf(table, tablesOf(planner, table)), check) : always
}

/** Undefined where the permission to update has none; `{}` is one that always holds. */
export function updateCheckOf(planner: Planner, table: Table): BoolExp | undefined {
  const check = planner.schema.update(table)?.check
  return check && checkOf(planner, table, check)
}

/** Values that the metadata sets. */
export function presetsOf(preset: Map<Column, unknown>): [Column, Value][] {
  return [...preset].map(([column, value]) => [column, metadataValue(value as Json, pgType(column.type))])
}

/** Who is asked about the input before it is written, with that input as JSON; undefined when nobody is. */
export function validationOf(
  view: { validateInput?: ValidateInput | undefined } | undefined,
  input: () => unknown[],
): Validation | undefined {
  return view?.validateInput && { by: view.validateInput, input: input() }
}

/** The arguments of a field by their names. */
export function argumentsJson(planner: Planner, { args }: SelectedField): Record<string, unknown> {
  return Object.fromEntries([...args].map(([name, input]) => [name, inputJson(planner, input)]))
}
