/** `X_aggregate` and what is below it. */

import { fieldName, plainTypeName } from '../model/naming.ts'
import type { Table } from '../model.ts'
import { aggregatedColumns, aggregatedComputed } from './aggregate-columns.ts'
import { type Maker, tableType } from './maker.ts'
import { columnType, plainScalar, selectColumnEnum, valueType } from './scalars.ts'
import { callArgument } from './select-arguments.ts'
import {
  type AggregateOperator,
  aggregateOperators,
  byName,
  type Field,
  list,
  nonNull,
  objectType,
  type TypeRef,
} from './types.ts'

/** `row`: the type of the table's rows. */
export function aggregateType(maker: Maker, table: Table, row: TypeRef): TypeRef {
  const name = tableType(table, 'aggregate')
  const fields = (): Field[] => [
    {
      name: 'aggregate',
      description: null,
      args: [],
      type: aggregateFieldsType(maker, table),
      means: { is: 'aggregate' },
    },
    {
      name: 'nodes',
      description: null,
      args: [],
      type: nonNull(list(nonNull(row))),
      means: { is: 'nodes' },
    },
  ]
  return maker.type(name, () => objectType(name, `aggregated selection of "${table.name}"`, fields))
}

function aggregateFieldsType(maker: Maker, table: Table): TypeRef {
  const name = tableType(table, 'aggregate_fields')
  const description = `aggregate fields of "${table.name}"`
  const fields = () => [
    countField(maker, table),
    ...aggregateOperators.flatMap(operator => operatorField(maker, table, operator)),
  ]
  return maker.type(name, () => objectType(name, description, () => fields().toSorted(byName)))
}

function countField(maker: Maker, table: Table): Field {
  const columns = selectColumnEnum(maker, table)
  const args = columns ? [{ name: 'columns', description: null, type: list(nonNull(columns)) }] : []
  const distinct = { name: 'distinct', description: null, type: plainScalar(maker, 'Boolean') }
  return {
    name: 'count',
    description: null,
    args: [...args, distinct],
    type: nonNull(plainScalar(maker, 'Int')),
    means: { is: 'count' },
  }
}

function operatorField(maker: Maker, table: Table, operator: AggregateOperator): Field[] {
  const columns = aggregatedColumns(maker, table, operator)
  const computed = aggregatedComputed(maker, table, operator)
  if (columns.length + computed.length === 0) return []
  const name = tableType(table, `${operator}_fields`)
  const type = maker.type(name, () =>
    objectType(name, `aggregate ${operator} on columns`, () =>
      operatorFields(maker, table, operator).toSorted(byName),
    ),
  )
  const field = fieldName(table.naming, operator)
  return [{ name: field, description: null, args: [], type, means: { is: 'operator', operator } }]
}

function operatorFields(maker: Maker, table: Table, operator: AggregateOperator): Field[] {
  const view = maker.select(table)
  // sum, min and max keep the type; an average of integers is none.
  const keeps = ['sum', 'min', 'max'].includes(operator)
  const float = plainScalar(maker, 'Float')
  const columns = aggregatedColumns(maker, table, operator).map(
    (column): Field => ({
      name: column.field,
      description: column.comment,
      args: [],
      type: keeps ? columnType(maker, column) : float,
      means: { is: 'column', column, mask: view?.columns.get(column) },
    }),
  )
  const computed = aggregatedComputed(maker, table, operator).map((field): Field => {
    const { returns } = field
    const name = `${field.field}_${table.graphqlName}_args`
    const args = callArgument(maker, plainTypeName(table.naming, name), {
      args: field.arguments,
      description: `input parameters for computed field "${field.field}" defined on table "${table.name}"`,
    })
    const type = keeps && returns.is === 'scalar' ? valueType(maker, returns.type) : float
    const means = { is: 'computed', computed: field, mask: view?.computed.get(field), as: 'scalar' } as const
    return { name: field.field, description: field.comment, args, type, means }
  })
  return [...columns, ...computed]
}
