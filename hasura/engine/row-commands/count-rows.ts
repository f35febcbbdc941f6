/** `count`: of rows, or of distinct values of columns. */
import type { Act } from '../metadata-api/acts.ts'
import { list } from '../metadata-api/arguments.ts'
import { rowsOf } from '../plan/permission.ts'
import { type AggregateField, always, both, type Expression } from '../plan/plan.ts'
import { checkLabelPaths } from './label-paths.ts'
import { askedBy, readable, readableColumn, tableAsked, visible, whereOf } from './permitted-rows.ts'
import { runSelection } from './run-rows.ts'

const why = '; "count" is only allowed if the role has "select" permissions on the table'

export const countRows: Act = async (context, args) => {
  const asked = askedBy(context, args, false)
  const table = tableAsked(asked, args, '$.args')
  const view = readable(asked, table, why)
  const { distinct, where } = args
  const columns = distinct === undefined || distinct === null ? [] : list(args, 'distinct')
  const distinctOn = columns.map((name, position): Expression => {
    const column = readableColumn(asked, table, view, String(name), `$.args.distinct[${position}]`)
    return { is: 'column', name: column.name, row: 'this' }
  })
  checkLabelPaths(table, where)
  const wanted = where === undefined || where === null ? always : whereOf(asked, table, where, '$.args.where')
  const rows = { ...rowsOf(table, [], both(visible(asked, table, view), wanted)), distinctOn }
  const count: AggregateField = { key: 'count', is: 'count', columns: [], distinct: false }
  const found = await runSelection(asked, {
    is: 'aggregate',
    rows,
    outputs: [{ key: 'aggregate', is: 'aggregate', outputs: [count] }],
    nodes: undefined,
  })
  return (found as { aggregate: { count: number } }).aggregate
}
