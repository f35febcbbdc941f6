/** What is asked below `X_aggregate`. */
import type { Table } from '../model.ts'
import { tableType } from '../schema/maker.ts'
import type { AggregateOperator } from '../schema/types.ts'
import { aggregated } from './aggregated.ts'
import { planCall } from './call.ts'
import type { Selected } from './collect.ts'
import { maskOf } from './permitted.ts'
import type { AggregateColumn, AggregateField, AggregateOutput, Expression, Output } from './plan.ts'
import type { Planner } from './planner.ts'
import { itemType, readBoolean, readChoice, readList } from './read.ts'
import { argumentPlace, asText, below, type SelectedField } from './selected.ts'

type PlanOutputs = (planner: Planner, fields: Selected[], table: Table) => Output[]

export function planAggregateOutputs(
  planner: Planner,
  selected: SelectedField,
  table: Table,
  planOutputs: PlanOutputs,
): AggregateOutput[] {
  return below(planner, selected).map((inner): AggregateOutput => {
    const { key } = inner
    if (inner.is === 'typename') return { key, is: 'text', value: tableType(table, 'aggregate') }
    if (inner.field.means.is === 'nodes')
      return { key, is: 'nodes', outputs: planOutputs(planner, below(planner, inner), table) }
    const fields = below(planner, inner).map(field => planField(planner, field, table))
    return { key, is: 'aggregate', outputs: fields }
  })
}

function planField(planner: Planner, selected: Selected, table: Table): AggregateField {
  const { key } = selected
  if (selected.is === 'typename') return { key, is: 'text', value: tableType(table, 'aggregate_fields') }
  const { means } = selected.field
  if (means.is === 'operator') {
    const { operator } = means
    const typename = tableType(table, `${operator}_fields`)
    const outputs = below(planner, selected).map(field =>
      planColumn(planner, field, { table, typename, operator }),
    )
    return { key, is: 'operator', operator, outputs }
  }
  const distinct = argumentPlace(selected, 'distinct')
  return {
    key,
    is: 'count',
    columns: countColumns(planner, selected, table),
    distinct: (distinct && readBoolean(planner, selected.args.get('distinct'), distinct)) ?? false,
  }
}

function countColumns(planner: Planner, selected: SelectedField, table: Table): Expression[] {
  const place = argumentPlace(selected, 'columns')
  const list = place && readList(planner, selected.args.get('columns'), place)
  if (!place || !list) return []
  const type = itemType(place.type)
  return list.flatMap(({ input, path }): Expression[] => {
    const { column } = readChoice(planner, input, { type, path })
    const mask = column && planner.schema.select(table)?.columns.get(column)
    return column ? [{ is: 'column', name: column.name, row: 'this', ...maskOf(planner, table, mask) }] : []
  })
}

function planColumn(
  planner: Planner,
  selected: Selected,
  { table, typename, operator }: { table: Table; typename: string; operator: AggregateOperator },
): AggregateColumn {
  const { key } = selected
  if (selected.is === 'typename') return { key, is: 'text', value: typename }
  const { means } = selected.field
  if (means.is === 'computed') {
    const { computed } = means
    const call = planCall(planner, computed, selected.args.get('args'), argumentPlace(selected, 'args'))
    const text = computed.returns.is === 'scalar' && asText(planner, computed.returns.type).text === true
    return { key, is: 'value', expression: { is: 'call', call, ...maskOf(planner, table, means.mask) }, text }
  }
  if (means.is !== 'column') throw new Error(`${selected.field.name} cannot be aggregated`)
  const { column, mask } = means
  const expression = aggregated(column, { operator, ...maskOf(planner, table, mask) })
  return { key, is: 'value', expression, text: asText(planner, column.type).text === true }
}
