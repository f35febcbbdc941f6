/** The rows of a selection: from, where, order, limit. */
import type { OrderItem, Rows } from '../plan/plan.ts'
import { aggregateSql, expressionSql, fromSql, type Scope, throughSql, whereSql } from './expression.ts'
import { alias, value, type Writer } from './text.ts'

/**
 * `select … from … where … order by … limit …` below the row of `outer`. With DISTINCT ON, the rows are chosen in a
 * sub-query first, so that what is shown of them is only computed for those that stay.
 */
export function rowsSql(writer: Writer, outer: Scope, rows: Rows, columns: (scope: Scope) => string): string {
  const row = alias(writer)
  const scope: Scope = { row, root: row }
  const from = `${fromSql(writer, outer, rows)} as ${row}`
  if (rows.distinctOn.length === 0 && !rows.offset) {
    const shown = columns(scope)
    const { limit } = rows
    const most = limit && 'most' in limit ? limit.most : undefined
    if (!limit || most === undefined)
      return `select ${shown} from ${from}${tailSql(writer, outer, scope, rows)}`
    // A number that Postgres cannot see makes it plan each execution anew, lest it be large.
    const within = tailSql(writer, outer, scope, { ...rows, limit: undefined })
    return `select * from (select ${shown} from ${from}${within} limit ${Math.trunc(most)}) as ${row} limit ${value(writer, limit)}`
  }
  const distinct = rows.distinctOn.map(each => expressionSql(writer, scope, each)).join(', ')
  const chosen = `select ${distinct && `distinct on (${distinct}) `}${row}.* from ${from}${tailSql(writer, outer, scope, rows)}`
  const outerRow = alias(writer)
  return `select ${columns({ row: outerRow, root: outerRow })} from (${chosen}) as ${outerRow}`
}

/** Where, order, limit and offset. */
export function tailSql(writer: Writer, outer: Scope, scope: Scope, rows: Rows): string {
  const where = whereSql(writer, outer, rows, scope.row)
  const order = orderSql(writer, scope, rows)
  const limit = rows.limit ? ` limit ${value(writer, rows.limit)}` : ''
  const offset = rows.offset ? ` offset ${value(writer, rows.offset)}` : ''
  return `${where === 'true' ? '' : ` where ${where}`}${order}${limit}${offset}`
}

const directions: Record<string, string> = {
  asc: 'asc nulls last',
  asc_nulls_first: 'asc nulls first',
  asc_nulls_last: 'asc nulls last',
  desc: 'desc nulls first',
  desc_nulls_first: 'desc nulls first',
  desc_nulls_last: 'desc nulls last',
}

function orderSql(writer: Writer, scope: Scope, { orderBy, distinctOn }: Rows): string {
  const items = orderBy.map(item => `${orderExpression(writer, scope, item)} ${directions[item.direction]}`)
  const named = (by: OrderItem['by']) => (by.is === 'column' ? by.name : undefined)
  const known = new Set(orderBy.map(({ by }) => named(by)))
  // DISTINCT ON asks for its columns first.
  const missing = distinctOn
    .filter(each => !known.has(named(each)))
    .map(each => `${expressionSql(writer, scope, each)} asc nulls last`)
  const all = [...missing, ...items]
  return all.length === 0 ? '' : ` order by ${all.join(', ')}`
}

function orderExpression(writer: Writer, scope: Scope, { by }: OrderItem): string {
  if (by.is === 'aggregate') return aggregateSql(writer, scope, by)
  return by.is === 'through' ? throughSql(writer, scope, by) : expressionSql(writer, scope, by)
}
