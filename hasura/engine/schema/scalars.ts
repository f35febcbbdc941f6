/** Scalars, the enums that every schema has, and enums made of tables. */
import type { CatalogType } from '../catalog.ts'
import { enumValueName } from '../model/naming.ts'
import { scalarName } from '../model/scalar-names.ts'
import type { Column, Table } from '../model.ts'
import { type Maker, tableType, visibleColumns } from './maker.ts'
import { list, nonNull, type TypeRef } from './types.ts'

/** A scalar by its GraphQL name, where no column stands behind it. */
export function plainScalar(maker: Maker, name: string): TypeRef {
  return maker.type(name, () => ({ kind: 'SCALAR', name, description: null }))
}

/** The GraphQL type of one value of a Postgres type: an array is a list, whose items Hasura says are never null. */
export function valueType(maker: Maker, type: CatalogType): TypeRef {
  const { element } = type
  return element
    ? list(nonNull(plainScalar(maker, scalarName(element))))
    : plainScalar(maker, scalarName(type))
}

/** The type of a column, without its nullability. */
export function columnType(maker: Maker, column: Column): TypeRef {
  return column.enumTable ? enumTableType(maker, column.enumTable) : valueType(maker, column.type)
}

export function enumTableType(maker: Maker, table: Table): TypeRef {
  const name = tableType(table, 'enum')
  return maker.type(name, () => ({
    kind: 'ENUM',
    name,
    description: null,
    values: (table.enumValues ?? []).map(({ value, comment }) => {
      const name = enumValueName(table.naming, value)
      return { name, description: comment, ...(name === value ? {} : { stored: value }) }
    }),
  }))
}

export const orderDirections = [
  'asc',
  'asc_nulls_first',
  'asc_nulls_last',
  'desc',
  'desc_nulls_first',
  'desc_nulls_last',
] as const

const orderDescriptions: Record<string, string> = {
  asc: 'in ascending order, nulls last',
  asc_nulls_first: 'in ascending order, nulls first',
  asc_nulls_last: 'in ascending order, nulls last',
  desc: 'in descending order, nulls first',
  desc_nulls_first: 'in descending order, nulls first',
  desc_nulls_last: 'in descending order, nulls last',
}

export function orderByEnum(maker: Maker, table: Table): TypeRef {
  const graphqlDefault = table.naming.convention === 'graphql-default'
  const name = graphqlDefault ? 'OrderBy' : 'order_by'
  return maker.type(name, () => ({
    kind: 'ENUM',
    name,
    description: 'column ordering options',
    values: orderDirections.map(direction => ({
      name: enumValueName(table.naming, direction),
      description: orderDescriptions[direction] ?? null,
    })),
  }))
}

/** An enum of columns, under any convention by the names of their fields; undefined when there is none. */
export function columnEnum(
  maker: Maker,
  table: Table,
  { suffix, description, columns }: { suffix: string; description: string; columns: Column[] },
): TypeRef | undefined {
  if (columns.length === 0) return undefined
  const name = tableType(table, suffix)
  return maker.type(name, () => ({
    kind: 'ENUM',
    name,
    description,
    values: columns.map(column => ({
      name: column.field,
      description: 'column name',
      column,
    })),
  }))
}

export function selectColumnEnum(maker: Maker, table: Table): TypeRef | undefined {
  const description = `select columns of table "${table.name}"`
  return columnEnum(maker, table, {
    suffix: 'select_column',
    description,
    columns: visibleColumns(maker, table),
  })
}
