/** `delete_X` and `delete_X_by_pk`. */
import type { Table } from '../model.ts'
import { keyOf } from '../plan/key.ts'
import { anyPermission, scopeOf } from '../plan/permission.ts'
import { tablesOf } from '../plan/permitted.ts'
import { type BoolExp, both } from '../plan/plan.ts'
import type { Planner } from '../plan/planner.ts'
import { argumentPlace, type SelectedField } from '../plan/selected.ts'
import { planWhere } from '../plan/where.ts'
import type { Mutation } from './mutation.ts'
import { planResponse, planRowOutput, targetOf } from './output.ts'
import { argumentsJson, validationOf } from './permission.ts'

export function planDelete(planner: Planner, selected: SelectedField, table: Table): Mutation {
  const place = argumentPlace(selected, 'where')
  if (!place) throw new Error('a delete without where')
  const where = planWhere(planner, selected.args.get('where'), place, table)
  return {
    is: 'delete',
    delete: of(planner, selected, table, where),
    output: planResponse(planner, selected, table),
    validation: validationOf(planner.schema.delete(table), () => [argumentsJson(planner, selected)]),
  }
}

export function planDeleteByKey(planner: Planner, selected: SelectedField, table: Table): Mutation {
  const where = keyOf(planner, selected, table)
  return {
    is: 'delete',
    delete: of(planner, selected, table, where),
    output: planRowOutput(planner, selected, table),
    validation: validationOf(planner.schema.delete(table), () => [
      { pk_columns: argumentsJson(planner, selected) },
    ]),
  }
}

function of(planner: Planner, selected: SelectedField, table: Table, where: BoolExp) {
  const filter = planner.schema.delete(table)?.filter ?? {}
  const permitted = anyPermission(scopeOf(table, tablesOf(planner, table)), [filter])
  return { table: targetOf(table), where: both(permitted, where), path: selected.path }
}
