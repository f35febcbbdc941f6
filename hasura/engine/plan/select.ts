/** Fields that give rows → selections, with the role's filters, limits and masks in them. */

import { invalid } from '../errors.ts'
import type { Relation, SourceRelation, Table } from '../model.ts'
import { tableType } from '../schema/maker.ts'
import { distinctOnName, orderByName } from '../schema/select-arguments.ts'
import { planAggregateOutputs } from './aggregate.ts'
import { planCall } from './call.ts'
import type { Selected } from './collect.ts'
import { jsonPath } from './json-path.ts'
import { planOrderBy } from './order-by.ts'
import { joinOf, rowsOf } from './permission.ts'
import { maskOf, permitted } from './permitted.ts'
import {
  both,
  type Expression,
  type OrderItem,
  type Output,
  type Rows,
  type Selection,
  type Value,
} from './plan.ts'
import type { Planner } from './planner.ts'
import { itemType, readChoice, readList } from './read.ts'
import { readCount, smaller } from './row-count.ts'
import { argumentPlace, asText, below, optionalPlace, type SelectedField } from './selected.ts'
import { pgType } from './values.ts'
import { planWhere } from './where.ts'

/** Rows, or aggregates of them, with the field's where, order_by, limit, offset and distinct_on. */
export function planRows(
  planner: Planner,
  selected: SelectedField,
  { table, rows, as }: { table: Table; rows: Rows; as: 'rows' | 'aggregate' | 'single' },
): Selection {
  const limit = planner.schema.select(table)?.limit
  const filtered = withArguments(planner, selected, table, {
    ...rows,
    where: both(rows.where, permitted(planner, table)),
  })
  if (as === 'aggregate') {
    const outputs = planAggregateOutputs(planner, selected, table, planOutputs)
    const nodes = limit === undefined ? undefined : { ...filtered, limit: smaller(filtered.limit, limit) }
    return { is: 'aggregate', rows: filtered, outputs, nodes }
  }
  const outputs = planOutputs(planner, below(planner, selected), table)
  const limited = as === 'single' ? filtered : { ...filtered, limit: smaller(filtered.limit, limit) }
  return { is: 'rows', rows: limited, single: as === 'single', outputs }
}

function withArguments(planner: Planner, selected: SelectedField, table: Table, rows: Rows): Rows {
  const { args } = selected
  const place = (name: string) => optionalPlace(selected, name)
  const where = place('where')
  const order = place(orderByName(table))
  const orderBy = order ? planOrderBy(planner, args.get(orderByName(table)), order, table) : []
  const distinctOn = planDistinctOn(planner, selected, table)
  checkDistinctOn(distinctOn, orderBy, selected.path)
  const count = (name: string) => {
    const at = place(name)
    return at && readCount(planner, args.get(name), { ...at, bigint: name === 'offset' })
  }
  return {
    ...rows,
    where: where ? both(rows.where, planWhere(planner, args.get('where'), where, table)) : rows.where,
    orderBy,
    distinctOn,
    limit: count('limit') ?? rows.limit,
    offset: count('offset'),
  }
}

function planDistinctOn(planner: Planner, selected: SelectedField, table: Table): Expression[] {
  const name = distinctOnName(table)
  const place = optionalPlace(selected, name)
  const list = place && readList(planner, selected.args.get(name), place)
  if (!place || !list) return []
  const type = itemType(place.type)
  const columns = list.flatMap(({ input, path }) => readChoice(planner, input, { type, path }).column ?? [])
  // A list may repeat itself.
  return [...new Set(columns)].map(column => {
    const mask = planner.schema.select(table)?.columns.get(column)
    return { is: 'column', name: column.name, row: 'this', ...maskOf(planner, table, mask) } as const
  })
}

/** Postgres keeps the first row of each group, so the order must begin with what makes the groups. */
function checkDistinctOn(distinctOn: Expression[], orderBy: OrderItem[], path: string): void {
  if (distinctOn.length === 0 || orderBy.length === 0) return
  const names = (expressions: { is: string }[]) =>
    expressions.map(each => ('name' in each && each.is === 'column' ? each.name : undefined))
  const first = names(orderBy.slice(0, distinctOn.length).map(({ by }) => by))
  if (!names(distinctOn).every(name => first.includes(name)))
    throw invalid(`${path}.args`, '"distinct_on" columns must match initial "order_by" columns')
}

export function planOutputs(planner: Planner, fields: Selected[], table: Table): Output[] {
  return fields.map(selected => planOutput(planner, selected, table))
}

function planOutput(planner: Planner, selected: Selected, table: Table): Output {
  const { key } = selected
  if (selected.is === 'typename') return { key, is: 'text', value: tableType(table) }
  const { means } = selected.field
  switch (means.is) {
    case 'column': {
      const { column, mask } = means
      const stored: Expression = {
        is: 'column',
        name: column.name,
        row: 'this',
        ...maskOf(planner, table, mask),
      }
      const capitals = column.enumTable?.naming.convention === 'graphql-default'
      return {
        key,
        is: 'value',
        expression: capitals ? { is: 'upper', of: stored } : stored,
        ...asText(planner, column.type),
        path: pathOf(planner, selected),
      }
    }
    case 'relation':
      return { key, is: 'selection', selection: planRelation(planner, selected, means.relation, means.as) }
    case 'source-relation':
      return planApart(planner, selected, means.relation, means.as)
    case 'computed':
      return planComputed(planner, selected, table)
    default:
      throw new Error(`${selected.field.name} has no place in a row`)
  }
}

function pathOf(planner: Planner, selected: SelectedField): Value | undefined {
  const place = argumentPlace(selected, 'path')
  return place && jsonPath(planner, selected.args.get('path'), place)
}

function planApart(
  planner: Planner,
  selected: SelectedField,
  { table, columns }: SourceRelation,
  as: 'object' | 'array' | 'aggregate',
): Output {
  planner.apart()
  const rows = rowsOf(table, [], { is: 'and', all: [] })
  return {
    key: selected.key,
    is: 'apart',
    source: table.source,
    columns: columns.map(([here]) => here.name),
    pairs: columns.map(([, there]) => ({ column: there.name, type: pgType(there.type) })),
    selection: planRows(planner, selected, {
      table,
      rows,
      as: as === 'array' ? 'rows' : as === 'object' ? 'single' : as,
    }),
  }
}

function planRelation(
  planner: Planner,
  selected: SelectedField,
  relation: Relation,
  as: 'object' | 'array' | 'aggregate',
): Selection {
  const { table } = relation
  const rows = rowsOf(table, joinOf(relation), { is: 'and', all: [] })
  return planRows(planner, selected, {
    table,
    rows,
    as: as === 'array' ? 'rows' : as === 'object' ? 'single' : as,
  })
}

function planComputed(planner: Planner, selected: SelectedField, table: Table): Output {
  const { means } = selected.field
  if (means.is !== 'computed') throw new Error(`${selected.field.name} is not computed`)
  const { computed, mask, as } = means
  const { key } = selected
  const call = planCall(planner, computed, selected.args.get('args'), argumentPlace(selected, 'args'))
  const { returns } = computed
  if (returns.is === 'scalar') {
    const expression: Expression = { is: 'call', call, ...maskOf(planner, table, mask) }
    return { key, is: 'value', expression, ...asText(planner, returns.type), path: pathOf(planner, selected) }
  }
  const rows: Rows = { ...rowsOf(returns.table, [], { is: 'and', all: [] }), from: { is: 'call', call } }
  const shape = as === 'aggregate' ? 'aggregate' : returns.set ? 'rows' : 'single'
  return {
    key,
    is: 'selection',
    selection: planRows(planner, selected, { table: returns.table, rows, as: shape }),
  }
}
