/** `X`: a row of a table with its relationships and computed fields. */

import { fieldName, plainTypeName } from '../model/naming.ts'
import type { Column, Computed, Relation, SourceRelation, Table } from '../model.ts'
import { aggregateType } from './aggregate-types.ts'
import {
  type Maker,
  tableType,
  visibleColumns,
  visibleComputed,
  visibleRelations,
  visibleSourceRelations,
} from './maker.ts'
import { columnType, plainScalar, valueType } from './scalars.ts'
import { callArgument, selectArguments } from './select-arguments.ts'
import { type Argument, byName, type Field, list, nonNull, objectType, type TypeRef } from './types.ts'

export function rowType(maker: Maker, table: Table): TypeRef {
  const name = tableType(table)
  const description =
    table.comment ??
    `columns and relationships of "${table.schema === 'public' ? '' : `${table.schema}.`}${table.name}"`
  return maker.type(name, () => objectType(name, description, () => rowFields(maker, table).toSorted(byName)))
}

function rowFields(maker: Maker, table: Table): Field[] {
  return [
    ...visibleColumns(maker, table).map(column => columnField(maker, table, column)),
    ...visibleRelations(maker, table).flatMap(relation => relationFields(maker, table, relation)),
    ...visibleComputed(maker, table).flatMap(computed => computedFields(maker, table, computed)),
    ...visibleSourceRelations(maker, table).flatMap(relation => sourceRelationFields(maker, table, relation)),
  ]
}

function columnField(maker: Maker, table: Table, column: Column): Field {
  const mask = maker.select(table)?.columns.get(column)
  const type = columnType(maker, column)
  const json = ['json', 'jsonb'].includes(column.type.name)
  return {
    name: column.field,
    description: column.comment,
    args: json ? [pathArgument(maker)] : [],
    type: column.nullable || mask ? type : nonNull(type),
    means: { is: 'column', column, mask },
  }
}

/** Reaches into a JSON value: `settings(path: "$.theme")`. */
export function pathArgument(maker: Maker): Argument {
  return { name: 'path', description: 'JSON select path', type: plainScalar(maker, 'String') }
}

export function relationFields(maker: Maker, table: Table, relation: Relation): Field[] {
  const row = rowType(maker, relation.table)
  if (relation.kind === 'object') {
    return [
      {
        name: relation.field,
        description: relation.comment ?? 'An object relationship',
        args: [],
        type: relation.nullable ? row : nonNull(row),
        means: { is: 'relation', relation, as: 'object' },
      },
    ]
  }
  const args = selectArguments(maker, relation.table)
  const rows: Field = {
    name: relation.field,
    description: relation.comment ?? 'An array relationship',
    args,
    type: nonNull(list(nonNull(row))),
    means: { is: 'relation', relation, as: 'array' },
  }
  if (!maker.select(relation.table)?.aggregations) return [rows]
  return [
    rows,
    {
      name: fieldName(table.naming, `${relation.field}_aggregate`),
      description: 'An aggregate relationship',
      args,
      type: nonNull(aggregateType(maker, relation.table, row)),
      means: { is: 'relation', relation, as: 'aggregate' },
    },
  ]
}

/** Whether there is a row at all is known when it was looked for. */
function sourceRelationFields(maker: Maker, table: Table, relation: SourceRelation): Field[] {
  const row = rowType(maker, relation.table)
  const field = (name: string, as: 'object' | 'array' | 'aggregate', type: TypeRef): Field => ({
    name,
    description: null,
    args: as === 'object' ? [] : selectArguments(maker, relation.table),
    type,
    means: { is: 'source-relation', relation, as },
  })
  if (relation.kind === 'object') return [field(relation.field, 'object', row)]
  const rows = field(relation.field, 'array', nonNull(list(nonNull(row))))
  if (!maker.select(relation.table)?.aggregations) return [rows]
  const name = fieldName(table.naming, `${relation.field}_aggregate`)
  return [rows, field(name, 'aggregate', nonNull(aggregateType(maker, relation.table, row)))]
}

function computedFields(maker: Maker, table: Table, computed: Computed): Field[] {
  const { returns } = computed
  const description =
    computed.comment ??
    computed.functionComment ??
    `A computed field, executes function "${functionName(computed)}"`
  const call = callArgument(
    maker,
    plainTypeName(table.naming, `${computed.field}_${table.graphqlName}_args`),
    {
      args: computed.arguments,
      description: `input parameters for computed field "${computed.field}" defined on table "${table.name}"`,
    },
  )
  const mask = maker.select(table)?.computed.get(computed)
  if (returns.is === 'scalar') {
    const path = ['json', 'jsonb'].includes(returns.type.name) ? [pathArgument(maker)] : []
    const type = valueType(maker, returns.type)
    const means = { is: 'computed', computed, mask, as: 'scalar' } as const
    return [{ name: computed.field, description, args: [...call, ...path], type, means }]
  }
  const row = rowType(maker, returns.table)
  const args = [...call, ...selectArguments(maker, returns.table)]
  const rows: Field = {
    name: computed.field,
    description,
    args,
    type: returns.set ? list(nonNull(row)) : row,
    means: { is: 'computed', computed, mask, as: 'rows' },
  }
  if (!returns.set || !maker.select(returns.table)?.aggregations) return [rows]
  const name = fieldName(table.naming, `${computed.field}_aggregate`)
  const type = nonNull(aggregateType(maker, returns.table, row))
  return [rows, { name, description, args, type, means: { is: 'computed', computed, mask, as: 'aggregate' } }]
}

function functionName({ function: { schema, name } }: Computed): string {
  return schema === 'public' ? name : `${schema}.${name}`
}
