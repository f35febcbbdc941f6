/** `X_order_by`: by columns, by what an object relationship leads to, by aggregates of an array relationship. */

import { fieldName } from '../model/naming.ts'
import type { Relation, Table } from '../model.ts'
import { aggregatedColumns } from './aggregate-columns.ts'
import { type Maker, tableType, visibleColumns, visibleComputed, visibleRelations } from './maker.ts'
import { orderByEnum } from './scalars.ts'
import { aggregateOperators, type InputField, inputType, type TypeRef } from './types.ts'

export function orderByType(maker: Maker, table: Table): TypeRef {
  const name = tableType(table, 'order_by')
  const description = `Ordering options when selecting data from "${table.name}".`
  return maker.type(name, () => inputType(name, description, () => orderByFields(maker, table)))
}

function orderByFields(maker: Maker, table: Table): InputField[] {
  const view = maker.select(table)
  const direction = orderByEnum(maker, table)
  const fields: InputField[] = visibleColumns(maker, table).map(column => ({
    name: column.field,
    description: null,
    type: direction,
    means: { is: 'column', column, mask: view?.columns.get(column) },
  }))
  for (const relation of visibleRelations(maker, table)) {
    if (relation.kind === 'object') {
      const type = orderByType(maker, relation.table)
      fields.push({ name: relation.field, description: null, type, means: { is: 'relation', relation } })
    } else fields.push(...aggregateField(maker, table, relation))
  }
  for (const computed of visibleComputed(maker, table)) {
    if (computed.arguments.some(({ is }) => is === 'input')) continue
    const { returns } = computed
    const means = { is: 'computed', computed, mask: view?.computed.get(computed) } as const
    if (returns.is === 'scalar')
      fields.push({ name: computed.field, description: null, type: direction, means })
    else if (maker.select(returns.table)?.aggregations) {
      const name = fieldName(table.naming, `${computed.field}_aggregate`)
      fields.push({ name, description: null, type: aggregateOrderByType(maker, returns.table), means })
    }
  }
  return fields
}

function aggregateField(maker: Maker, table: Table, relation: Relation): InputField[] {
  if (!maker.select(relation.table)?.aggregations) return []
  const name = fieldName(table.naming, `${relation.field}_aggregate`)
  const type = aggregateOrderByType(maker, relation.table)
  return [{ name, description: null, type, means: { is: 'relation-aggregate', relation } }]
}

function aggregateOrderByType(maker: Maker, table: Table): TypeRef {
  const name = tableType(table, 'aggregate_order_by')
  const description = `order by aggregate values of table "${table.name}"`
  return maker.type(name, () => inputType(name, description, () => aggregateOrderByFields(maker, table)))
}

function aggregateOrderByFields(maker: Maker, table: Table): InputField[] {
  const direction = orderByEnum(maker, table)
  const fields: InputField[] = [
    { name: 'count', description: null, type: direction, means: { is: 'aggregate-count' } },
  ]
  for (const operator of aggregateOperators) {
    const columns = aggregatedColumns(maker, table, operator)
    if (columns.length === 0) continue
    const name = tableType(table, `${operator}_order_by`)
    const type = maker.type(name, () =>
      inputType(name, `order by ${operator}() on columns of table "${table.name}"`, () =>
        columns.map(column => ({
          name: column.field,
          description: null,
          type: direction,
          means: { is: 'column', column, mask: maker.select(table)?.columns.get(column) },
        })),
      ),
    )
    fields.push({
      name: fieldName(table.naming, operator),
      description: null,
      type,
      means: { is: 'aggregate-operator', operator },
    })
  }
  return fields
}
