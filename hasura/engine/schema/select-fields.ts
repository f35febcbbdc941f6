/** Root fields that read: a table's rows, one row by its key, aggregates, streams, functions. */

import { isAmong } from '../model/inherited-roles.ts'
import { commonName, typeName } from '../model/naming.ts'
import { admin, type SelectView } from '../model/role-permissions.ts'
import type { FieldTarget, RootFieldName, Table, TrackedFn } from '../model.ts'
import { actionField, actionResultField } from './action-types.ts'
import { aggregateType } from './aggregate-types.ts'
import { boolExpType } from './bool-exp.ts'
import { keyColumns, type Maker, tableType, visibleColumns } from './maker.ts'
import { rowType } from './row-type.ts'
import { columnType, plainScalar } from './scalars.ts'
import { callArgument, selectArguments } from './select-arguments.ts'
import { type Argument, type Field, inputType, list, nonNull, type TypeRef } from './types.ts'

type Operation = 'query' | 'subscription'

export function queryField(
  operation: Operation,
  maker: Maker,
  name: string,
  target: FieldTarget,
): Field | undefined {
  if (target.is === 'function') return functionField(maker, name, target.fn, target.as)
  if (target.is === 'action') return operation === 'query' ? actionField(maker, target.action) : undefined
  if (target.is === 'action-result') return actionResultField(maker, target.action)
  const { table, as } = target
  const view = maker.select(table)
  if (!view || !enabled(view, operation, as)) return undefined
  switch (as) {
    case 'select':
      return rowsField(maker, name, table)
    case 'select_aggregate':
      return view.aggregations ? aggregateField(maker, name, table) : undefined
    case 'select_by_pk':
      return byKeyField(maker, name, table)
    case 'select_stream':
      return operation === 'subscription' && visibleColumns(maker, table).length > 0
        ? streamField(maker, name, table)
        : undefined
    default:
      return undefined
  }
}

function enabled(view: SelectView, operation: Operation, as: RootFieldName): boolean {
  const fields = operation === 'query' ? view.queryRootFields : view.subscriptionRootFields
  return fields === undefined || fields.has(as)
}

function rowsField(maker: Maker, name: string, table: Table): Field {
  return {
    name,
    description: commented(table.rootFields.select.comment, `fetch data from the table: "${shown(table)}"`),
    args: selectArguments(maker, table),
    type: nonNull(list(nonNull(rowType(maker, table)))),
    means: { is: 'table', table, as: 'select' },
  }
}

function aggregateField(maker: Maker, name: string, table: Table): Field {
  return {
    name,
    description: commented(
      table.rootFields.select_aggregate.comment,
      `fetch aggregated fields from the table: "${shown(table)}"`,
    ),
    args: selectArguments(maker, table),
    type: nonNull(aggregateType(maker, table, rowType(maker, table))),
    means: { is: 'table', table, as: 'select_aggregate' },
  }
}

/** Only for a role that sees every column of the key. */
function byKeyField(maker: Maker, name: string, table: Table): Field | undefined {
  const args = keyArguments(maker, table)
  if (!args) return undefined
  return {
    name,
    description: commented(
      table.rootFields.select_by_pk.comment,
      `fetch data from the table: "${shown(table)}" using primary key columns`,
    ),
    args,
    type: rowType(maker, table),
    means: { is: 'table', table, as: 'select_by_pk' },
  }
}

export function keyArguments(maker: Maker, table: Table): Argument[] | undefined {
  return keyColumns(maker, table)?.map(column => ({
    name: column.field,
    description: column.comment,
    type: nonNull(columnType(maker, column)),
  }))
}

/** A comment that is empty leaves the field without description. */
export function commented(comment: string | null, otherwise: string): string | null {
  return comment === '' ? null : (comment ?? otherwise)
}

/** A table's name as descriptions show it. */
export function shown({ schema, name }: { schema: string; name: string }): string {
  return schema === 'public' ? name : `${schema}.${name}`
}

function streamField(maker: Maker, name: string, table: Table): Field {
  const int = plainScalar(maker, 'Int')
  const where = { name: 'where', description: 'filter the rows returned', type: boolExpType(maker, table) }
  return {
    name,
    description: commented(
      table.rootFields.select_stream.comment,
      `fetch data from the table in a streaming manner: "${shown(table)}"`,
    ),
    args: [
      {
        name: commonName(table.naming, 'batch_size'),
        description: 'maximum number of rows returned in a single batch',
        type: nonNull(int),
      },
      {
        name: 'cursor',
        description: 'cursor to stream the results returned by the query',
        type: nonNull(list(streamCursorType(maker, table))),
      },
      where,
    ],
    type: nonNull(list(nonNull(rowType(maker, table)))),
    means: { is: 'table', table, as: 'select_stream' },
  }
}

function streamCursorType(maker: Maker, table: Table): TypeRef {
  const name = tableType(table, 'stream_cursor_input')
  const value = tableType(table, 'stream_cursor_value_input')
  const plain = { is: 'plain' } as const
  const values = maker.type(value, () =>
    inputType(value, 'Initial value of the column from where the streaming should start', () =>
      visibleColumns(maker, table).map(column => ({
        name: column.field,
        description: column.comment,
        type: columnType(maker, column),
        means: { is: 'column', column, mask: undefined },
      })),
    ),
  )
  const orderingName = typeName(table.naming, 'cursor_ordering')
  const ordering = maker.type(orderingName, () => ({
    kind: 'ENUM',
    name: orderingName,
    description: 'ordering argument of a cursor',
    values: [
      { name: 'ASC', description: 'ascending ordering of the cursor' },
      { name: 'DESC', description: 'descending ordering of the cursor' },
    ],
  }))
  return maker.type(name, () =>
    inputType(name, `Streaming cursor of the table "${table.graphqlName}"`, () => [
      {
        name: commonName(table.naming, 'initial_value'),
        description: 'Stream column input with initial value',
        type: nonNull(values),
        means: plain,
      },
      { name: 'ordering', description: 'cursor ordering', type: ordering, means: plain },
    ]),
  )
}

/** A function's rows are rows of a table: its permission decides, and a volatile function needs its own as well. */
export function functionField(
  maker: Maker,
  name: string,
  fn: TrackedFn,
  as: 'rows' | 'aggregate',
): Field | undefined {
  const view = maker.select(fn.table)
  if (
    !view ||
    !(mayCall(maker, fn) || (!fn.volatile && maker.model.inferFunctionPermissions)) ||
    (as === 'aggregate' && !view.aggregations)
  )
    return undefined
  const call = callArgument(maker, fn.argumentsType, {
    args: fn.arguments,
    description: `input parameters for function "${fn.function.name}"`,
  })
  const row = rowType(maker, fn.table)
  const rows = fn.set ? nonNull(list(nonNull(row))) : row
  const subject = `execute ${fn.volatile ? 'VOLATILE ' : ''}function "${fn.function.name}"`
  return {
    name,
    description:
      as === 'rows'
        ? (fn.comment ?? `${subject} which returns "${shown(fn.table)}"`)
        : `${subject} and query aggregates on result of table type "${shown(fn.table)}"`,
    args: [...call, ...selectArguments(maker, fn.table)],
    type: as === 'rows' ? rows : nonNull(aggregateType(maker, fn.table, row)),
    means: { is: 'function', fn, as },
  }
}

function mayCall({ role, model }: Maker, { roles }: TrackedFn): boolean {
  return role === admin || isAmong(model, role, roles)
}
