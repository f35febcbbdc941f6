/** `on_conflict`: the row that is there is updated, within the role's permission to update, or left. */
import { invalid } from '../errors.ts'
import { commonName } from '../model/naming.ts'
import type { Table } from '../model.ts'
import type { Input } from '../plan/input.ts'
import { anyPermission, scopeOf } from '../plan/permission.ts'
import { tablesOf } from '../plan/permitted.ts'
import { always, both } from '../plan/plan.ts'
import type { Planner } from '../plan/planner.ts'
import { itemType, type Place, readChoice, readList, readObject } from '../plan/read.ts'
import { planWhere } from '../plan/where.ts'
import type { OnConflict } from './mutation.ts'
import { presetsOf } from './permission.ts'

export function planOnConflict(
  planner: Planner,
  input: Input | undefined,
  place: Place,
  table: Table,
): OnConflict | undefined {
  const members = readObject(planner, input, place)
  const constraint = members?.get('constraint')
  if (!members || !constraint) return undefined
  const columns = members.get(commonName(table.naming, 'update_columns'))
  const where = members.get('where')
  const type = columns && itemType(columns.field.type)
  const chosen = columns
    ? (readList(planner, columns.input, { type: columns.field.type, path: columns.path }) ?? [])
    : []
  const update = chosen.flatMap(item => {
    const { column } = readChoice(planner, item.input, { type: type ?? place.type, path: item.path })
    if (!column) throw invalid(place.path, 'erroneous column name')
    return [{ column: column.name, value: 'excluded' as const }]
  })
  const view = planner.schema.update(table)
  const presets =
    update.length === 0 || !view
      ? []
      : presetsOf(view.preset).map(([column, value]) => ({ column: column.name, value }))
  const filter = view ? anyPermission(scopeOf(table, tablesOf(planner, table)), [view.filter]) : always
  const asked = where
    ? planWhere(planner, where.input, { type: where.field.type, path: where.path }, table)
    : always
  return {
    constraint: readChoice(planner, constraint.input, { type: constraint.field.type, path: constraint.path })
      .stored,
    // Each column once: a list may repeat itself, and what the permission sets wins.
    update: [...new Map([...update, ...presets].map(each => [each.column, each])).values()],
    where: both(filter, asked),
  }
}
