/** What a mutation answers: its rows, without the row filter of reading, but only columns that may be read. */
import type { Table } from '../model.ts'
import type { Planner } from '../plan/planner.ts'
import { planOutputs } from '../plan/select.ts'
import { below, type SelectedField } from '../plan/selected.ts'
import { tableType } from '../schema/maker.ts'
import type { MutationOutput, ResponseOutput, Target } from './mutation.ts'

export function targetOf({ schema, name, columns }: Table): Target {
  return { schema, name, columns: columns.map(column => column.name) }
}

export function planRowOutput(planner: Planner, selected: SelectedField, table: Table): MutationOutput {
  return { is: 'row', outputs: planOutputs(planner, below(planner, selected), table) }
}

export function planResponse(planner: Planner, selected: SelectedField, table: Table): MutationOutput {
  const outputs = below(planner, selected).map((inner): ResponseOutput => {
    const { key } = inner
    if (inner.is === 'typename') return { key, is: 'text', value: tableType(table, 'mutation_response') }
    if (inner.field.means.is === 'affected_rows') return { key, is: 'affected_rows' }
    return { key, is: 'returning', outputs: planOutputs(planner, below(planner, inner), table) }
  })
  return { is: 'response', outputs }
}
