/** What the role may see of a table. */

import type { Mask } from '../model/role-permissions.ts'
import type { Table } from '../model.ts'
import { anyPermission, scopeOf } from './permission.ts'
import type { BoolExp } from './plan.ts'
import type { Planner } from './planner.ts'

/** The rows of a table that the role may see. */
export function permitted(planner: Planner, table: Table): BoolExp {
  return anyPermission(scopeOf(table, tablesOf(planner, table)), planner.schema.select(table)?.filters)
}

/** A column's mask for this role: shown only where it holds. */
export function maskOf(planner: Planner, table: Table, mask: Mask): { mask?: BoolExp } {
  return mask ? { mask: anyPermission(scopeOf(table, tablesOf(planner, table)), mask) } : {}
}

export function tablesOf({ schema }: Planner, table: Table): ReadonlyMap<string, Table> {
  return schema.model.tablesBySource.get(table.source) ?? new Map()
}
