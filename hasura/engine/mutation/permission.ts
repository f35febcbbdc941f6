/** What a permission to write adds: values it sets, and a condition on the row that was written. */
import type { Json } from '../metadata-types.ts'
import type { Column, Table } from '../model.ts'
import { metadataValue, permission, scopeOf } from '../plan/permission.ts'
import { tablesOf } from '../plan/permitted.ts'
import { always, type BoolExp, type Value } from '../plan/plan.ts'
import type { Planner } from '../plan/planner.ts'
import { pgType } from '../plan/values.ts'

export function checkOf(
  planner: Planner,
  table: Table,
  check: Parameters<typeof permission>[1] | undefined,
): BoolExp {
  return check ? permission(scopeOf(table, tablesOf(planner, table)), check) : always
}

/** Values that the metadata sets. */
export function presetsOf(preset: Map<Column, unknown>): [Column, Value][] {
  return [...preset].map(([column, value]) => [column, metadataValue(value as Json, pgType(column.type))])
}
