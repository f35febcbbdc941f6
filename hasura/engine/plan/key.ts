/** A row by its primary key. */
import type { Table } from '../model.ts'
import { maskOf } from './permitted.ts'
import { type BoolExp, both } from './plan.ts'
import type { Planner } from './planner.ts'
import { argumentPlace, type SelectedField } from './selected.ts'
import { pgType, readValue } from './values.ts'

/** The row with the key that the arguments give. */
export function keyOf(planner: Planner, selected: SelectedField, table: Table): BoolExp {
  const parts = (table.primaryKey?.columns ?? []).flatMap((column): BoolExp[] => {
    const place = argumentPlace(selected, column.field)
    const input = selected.args.get(column.field)
    if (!place || !input) return []
    const value = readValue(planner, input, { ...place, postgres: pgType(column.type) })
    const mask = planner.schema.select(table)?.columns.get(column)
    const left = { is: 'column', name: column.name, row: 'this', ...maskOf(planner, table, mask) } as const
    return [{ is: 'compare', left, operator: '_eq', right: { is: 'value', value } }]
  })
  return both(...parts)
}
