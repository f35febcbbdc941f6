/** `select`: columns, relationships, where, order_by, limit, offset. */
import { RequestError } from '../errors.ts'
import type { Act } from '../metadata-api/acts.ts'
import { type Args, kindOf, objectArgs } from '../metadata-api/arguments.ts'
import type { SelectView } from '../model/role-permissions.ts'
import type { Table } from '../model.ts'
import { rowsOf } from '../plan/permission.ts'
import {
  always,
  both,
  type OrderExpression,
  type OrderItem,
  type Output,
  type Rows,
  type Selection,
} from '../plan/plan.ts'
import { checkLabelPaths } from './label-paths.ts'
import {
  type Asked,
  askedBy,
  columnOutput,
  denied,
  readable,
  readableColumn,
  related,
  tableAsked,
  visible,
  whereOf,
} from './permitted-rows.ts'
import { runSelection } from './run-rows.ts'

export function selectRows(stringify: boolean): Act {
  return async (context, args) => {
    const asked = askedBy(context, args, stringify)
    const table = tableAsked(asked, args, '$.args.table')
    checkLabelPaths(table, args.where)
    const view = readable(asked, table)
    const rows = rowsOf(table, [], visible(asked, table, view))
    return runSelection(asked, selectionOf(asked, table, { args, rows, view, single: false }))
  }
}

type Selecting = { args: Args; rows: Rows; view: SelectView; single: boolean }

function selectionOf(asked: Asked, table: Table, { args, rows, view, single }: Selecting): Selection {
  const { columns, where, order_by, limit, offset } = args
  if (!Array.isArray(columns)) throw new RequestError('parse-failed', '$.args', 'key "columns" not found')
  const wanted = where === undefined || where === null ? always : whereOf(asked, table, where, '$.args.where')
  const filtered: Rows = {
    ...rows,
    where: both(rows.where, wanted),
    orderBy: orderOf(asked, table, view, order_by),
    limit: countOf('limit', leastOf(limit, view.limit)),
    offset: countOf('offset', offset),
  }
  const outputs = columns.flatMap(column => outputsOf(asked, table, view, column))
  return { is: 'rows', rows: filtered, single, outputs }
}

/** A limit that is no number is told as such. */
function leastOf(limit: unknown, most: number | undefined): unknown {
  if (most === undefined) return limit
  return typeof limit === 'number' ? Math.min(limit, most) : (limit ?? most)
}

function outputsOf(asked: Asked, table: Table, view: SelectView, column: unknown): Output[] {
  if (column === '*') return [...view.columns.keys()].map(each => columnOutput(asked, table, view, each))
  if (typeof column === 'string')
    return [columnOutput(asked, table, view, readableColumn(asked, table, view, column, '$.args.columns'))]
  const args = objectArgs(column)
  const relation = typeof args.name === 'string' ? table.fields.get(args.name) : undefined
  if (relation?.is !== 'relation') throw noColumn(String(args.name))
  const single = relation.kind === 'object'
  const selection = selectionOf(asked, relation.table, { args, ...related(asked, relation), single })
  return [{ key: typeof args.alias === 'string' ? args.alias : relation.field, is: 'selection', selection }]
}

function noColumn(name: string): RequestError {
  return denied('$.args.columns', `no such column exists: "${name}"`)
}

function countOf(name: string, value: unknown): Rows['limit'] {
  if (value === undefined || value === null) return undefined
  if (typeof value !== 'number')
    throw new RequestError(
      'parse-failed',
      `$.${name}`,
      `parsing Int failed, expected Number, but encountered ${kindOf(value)}`,
    )
  if (!Number.isInteger(value) || value < 0)
    throw new RequestError('unexpected-payload', `$.args.${name}`, 'unexpected negative value')
  return {
    from: 'document',
    value: String(value),
    type: { name: 'int8', schema: 'pg_catalog', array: false },
  }
}

/** `name`, `-name`, `+author.name`, `{column, type, nulls}`, or a list of these. */
function orderOf(asked: Asked, table: Table, view: SelectView, order: unknown): OrderItem[] {
  if (order === undefined || order === null) return []
  return [order].flat().map(item => {
    if (typeof item === 'string') {
      const descending = item.startsWith('-')
      const path = item.replace(/^[-+]/, '').split('.')
      return { by: columnAt(asked, table, view, path), direction: descending ? 'desc' : 'asc' }
    }
    const { column, type, nulls } = objectArgs(item)
    const direction = [
      type === 'desc' ? 'desc' : 'asc',
      nulls === 'first' || nulls === 'last' ? `nulls_${nulls}` : '',
    ]
    const by = columnAt(asked, table, view, String(column).split('.'))
    return { by, direction: direction.filter(Boolean).join('_') }
  })
}

/** Through relationships, as far as the role may read the rows that they lead to. */
function columnAt(
  asked: Asked,
  table: Table,
  view: SelectView,
  [name = '', ...rest]: string[],
): OrderExpression {
  if (rest.length === 0) {
    const output = columnOutput(
      asked,
      table,
      view,
      readableColumn(asked, table, view, name, '$.args.columns'),
    )
    return output.is === 'value' ? output.expression : { is: 'column', name, row: 'this' }
  }
  const relation = table.fields.get(name)
  if (relation?.is !== 'relation') throw noColumn(name)
  const there = related(asked, relation)
  const then = columnAt(asked, relation.table, there.view, rest)
  return { is: 'through', rows: there.rows, then }
}
