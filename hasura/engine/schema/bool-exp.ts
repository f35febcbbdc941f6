/** `X_bool_exp`: what a where argument may say of a table. */
import type { CatalogType } from '../catalog.ts'
import { fieldName } from '../model/naming.ts'
import type { Computed, Relation, Table } from '../model.ts'
import { comparisonType, valueComparison } from './comparison.ts'
import { type Maker, tableType, visibleColumns, visibleComputed, visibleRelations } from './maker.ts'
import { columnEnum, plainScalar, selectColumnEnum } from './scalars.ts'
import { type InputField, inputType, list, nonNull, type TypeRef } from './types.ts'

export function boolExpType(maker: Maker, table: Table): TypeRef {
  const name = tableType(table, 'bool_exp')
  const description = `Boolean expression to filter rows from the table "${table.name}". All fields are combined with a logical 'AND'.`
  return maker.type(name, () => inputType(name, description, () => boolExpFields(maker, table)))
}

function boolExpFields(maker: Maker, table: Table): InputField[] {
  const self = boolExpType(maker, table)
  const view = maker.select(table)
  const fields: InputField[] = [
    { name: '_and', description: null, type: list(nonNull(self)), means: { is: 'and' } },
    { name: '_not', description: null, type: self, means: { is: 'not' } },
    { name: '_or', description: null, type: list(nonNull(self)), means: { is: 'or' } },
  ]
  for (const column of visibleColumns(maker, table)) {
    const means = { is: 'column', column, mask: view?.columns.get(column) } as const
    fields.push({ name: column.field, description: null, type: comparisonType(maker, table, column), means })
  }
  for (const relation of visibleRelations(maker, table)) {
    const type = boolExpType(maker, relation.table)
    fields.push({ name: relation.field, description: null, type, means: { is: 'relation', relation } })
    fields.push(...relationAggregate(maker, table, relation))
  }
  for (const computed of visibleComputed(maker, table)) {
    const type = computedType(maker, table, computed)
    const means = { is: 'computed', computed, mask: view?.computed.get(computed) } as const
    if (type) fields.push({ name: computed.field, description: null, type, means })
  }
  return fields
}

/** A computed field can be filtered by when it takes nothing but the row and the session. */
function computedType(maker: Maker, table: Table, computed: Computed): TypeRef | undefined {
  if (computed.arguments.some(({ is }) => is === 'input')) return undefined
  const { returns } = computed
  return returns.is === 'table'
    ? boolExpType(maker, returns.table)
    : valueComparison(maker, table.naming, returns.type)
}

function relationAggregate(maker: Maker, table: Table, relation: Relation): InputField[] {
  if (relation.kind !== 'array' || !maker.select(relation.table)?.aggregations) return []
  const name = fieldName(table.naming, `${relation.field}_aggregate`)
  const type = aggregateBoolExpType(maker, relation.table)
  return [{ name, description: null, type, means: { is: 'relation-aggregate', relation } }]
}

const float8: CatalogType = { name: 'float8', schema: 'pg_catalog', kind: 'b' }
const bool: CatalogType = { name: 'bool', schema: 'pg_catalog', kind: 'b' }
const int4: CatalogType = { name: 'int4', schema: 'pg_catalog', kind: 'b' }

/** Functions over a group of rows that a predicate may use, with the type of the column, or of the two, they take. */
const aggregatePredicates = [
  { fn: 'avg', type: float8, takes: 'column' },
  { fn: 'bool_and', type: bool, takes: 'column' },
  { fn: 'bool_or', type: bool, takes: 'column' },
  { fn: 'corr', type: float8, takes: 'pair' },
  { fn: 'covar_samp', type: float8, takes: 'pair' },
  { fn: 'max', type: float8, takes: 'column' },
  { fn: 'min', type: float8, takes: 'column' },
  { fn: 'stddev_samp', type: float8, takes: 'column' },
  { fn: 'sum', type: float8, takes: 'column' },
  { fn: 'var_samp', type: float8, takes: 'column' },
] as const

function aggregateBoolExpType(maker: Maker, table: Table): TypeRef {
  const name = tableType(table, 'aggregate_bool_exp')
  return maker.type(name, () => inputType(name, null, () => aggregateBoolExpFields(maker, table)))
}

function aggregateBoolExpFields(maker: Maker, table: Table): InputField[] {
  const fields: InputField[] = []
  for (const { fn, type, takes } of aggregatePredicates) {
    const columns = visibleColumns(maker, table).filter(column => column.type.name === type.name)
    const enumType = columnEnum(maker, table, {
      suffix: `select_column_${table.graphqlName}_aggregate_bool_exp_${fn}_arguments_columns`,
      description: `select "${table.graphqlName}_aggregate_bool_exp_${fn}_arguments_columns" columns of table "${table.name}"`,
      columns,
    })
    if (!enumType) continue
    const argumentsType = nonNull(takes === 'pair' ? pairType(maker, table, fn, enumType) : enumType)
    fields.push(predicate(maker, table, { fn, type, takes, argumentsType }))
  }
  const columns = selectColumnEnum(maker, table)
  const argumentsType = columns && list(nonNull(columns))
  fields.push(predicate(maker, table, { fn: 'count', type: int4, takes: 'columns', argumentsType }))
  return fields
}

/** Y depends, X does not: the order in which Postgres takes them. */
function pairType(maker: Maker, table: Table, fn: string, column: TypeRef): TypeRef {
  const name = tableType(table, `aggregate_bool_exp_${fn}_arguments`)
  const members = () => [plain('Y', nonNull(column)), plain('X', nonNull(column))]
  return maker.type(name, () => inputType(name, null, members))
}

function plain(name: string, type: TypeRef): InputField {
  return { name, description: null, type, means: { is: 'plain' } }
}

type Predicate = {
  fn: string
  type: CatalogType
  takes: (InputField['means'] & { is: 'aggregate-predicate' })['takes']
  argumentsType: TypeRef | undefined
}

function predicate(maker: Maker, table: Table, { fn, type, takes, argumentsType }: Predicate): InputField {
  const name = tableType(table, `aggregate_bool_exp_${fn}`)
  const made = maker.type(name, () =>
    inputType(name, null, () => [
      ...(argumentsType ? [plain('arguments', argumentsType)] : []),
      plain('distinct', plainScalar(maker, 'Boolean')),
      plain('filter', boolExpType(maker, table)),
      plain('predicate', nonNull(valueComparison(maker, table.naming, type))),
    ]),
  )
  return {
    name: fn,
    description: null,
    type: made,
    means: { is: 'aggregate-predicate', function: fn, takes },
  }
}
