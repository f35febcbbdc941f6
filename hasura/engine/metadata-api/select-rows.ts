/**
 * The old `select` of /v1/query and /v2/query, for admin: columns, relationships, where, order_by, limit, offset. It is
 * what tools that change metadata look at rows with; every other command on rows is GraphQL's.
 */
import { RequestError } from '../errors.ts'
import { parseExact } from '../exact-json.ts'
import type { BoolExpJson } from '../metadata-types.ts'
import { shown } from '../model/building.ts'
import { isBigNumber } from '../model/scalar-names.ts'
import { qualifiedKey, type Table } from '../model.ts'
import { joinOf, permission, rowsOf, scopeOf } from '../plan/permission.ts'
import type { OrderExpression, OrderItem, Output, Rows, Selection } from '../plan/plan.ts'
import { printSelections } from '../print/select.ts'
import { bind, runStatement } from '../run.ts'
import type { Act } from './acts.ts'
import { type Args, isObject, kindOf, objectArgs, sourceName, table as tableOf } from './arguments.ts'
import { checkLabelPaths } from './label-paths.ts'

type Tables = ReadonlyMap<string, Table>
type Selecting = { tables: Tables; stringify: boolean }

const mostMs = 60_000
const mostBytes = 50_000_000

export function selectRows(stringify: boolean): Act {
  return async ({ control, session }, args) => {
    const state = control.current()
    const source = sourceName(args)
    const name = tableOf(args)
    const tables = state.model.tablesBySource.get(source) ?? new Map<string, Table>()
    const table = tables.get(qualifiedKey(name))
    const pool = control.pool(source)
    if (!table || !pool)
      throw new RequestError('not-exists', '$.args.table', `table "${shown(name)}" does not exist`)
    checkLabelPaths(table, args.where)
    const rows = rowsOf(table, [], { is: 'and', all: [] })
    const selection = selectionOf({ tables, stringify }, table, { args, rows, single: false })
    const { text, values } = printSelections([selection], mostBytes)
    const parameters = bind(values, { session, variables: {} })
    const [answer] = await runStatement(pool, {
      text,
      values: parameters,
      name: undefined,
      timeMs: mostMs,
      signal: undefined,
    }).catch((cause: unknown) => {
      throw cause instanceof RequestError ? failed(cause) : cause
    })
    return parseExact(answer ?? '[]')
  }
}

function failed({ code, message, internal }: RequestError): RequestError {
  return new RequestError(code, '$.args', message, internal, code === 'unexpected' ? 500 : 400)
}

function selectionOf(
  selecting: Selecting,
  table: Table,
  { args, rows, single }: { args: Args; rows: Rows; single: boolean },
): Selection {
  const { columns, where, order_by, limit, offset } = args
  if (!Array.isArray(columns)) throw new RequestError('parse-failed', '$.args', 'key "columns" not found')
  const filtered: Rows = {
    ...rows,
    where: isObject(where) ? permission(scopeOf(table, selecting.tables), where as BoolExpJson) : rows.where,
    orderBy: orderOf(table, order_by),
    limit: countOf('limit', limit),
    offset: countOf('offset', offset),
  }
  return {
    is: 'rows',
    rows: filtered,
    single,
    outputs: columns.flatMap(column => outputsOf(selecting, table, column)),
  }
}

function outputsOf(selecting: Selecting, table: Table, column: unknown): Output[] {
  if (column === '*') return table.columns.flatMap(({ name }) => outputsOf(selecting, table, name))
  if (typeof column === 'string') {
    const found = table.byColumnName.get(column)
    if (!found) throw noColumn(column)
    const text = selecting.stringify && isBigNumber(found.type)
    const big = text && found.type.element ? 'array' : text
    const expression = { is: 'column', name: column, row: 'this' } as const
    return [{ key: column, is: 'value', expression, text: big, path: undefined }]
  }
  const args = objectArgs(column)
  const relation = typeof args.name === 'string' ? table.fields.get(args.name) : undefined
  if (relation?.is !== 'relation') throw noColumn(String(args.name))
  const rows = rowsOf(relation.table, joinOf(relation), { is: 'and', all: [] })
  const selection = selectionOf(selecting, relation.table, { args, rows, single: relation.kind === 'object' })
  return [{ key: typeof args.alias === 'string' ? args.alias : relation.field, is: 'selection', selection }]
}

function noColumn(name: string): RequestError {
  return new RequestError('permission-denied', '$.args.columns', `no such column exists: "${name}"`)
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
function orderOf(table: Table, order: unknown): OrderItem[] {
  if (order === undefined || order === null) return []
  return [order].flat().map(item => {
    if (typeof item === 'string') {
      const descending = item.startsWith('-')
      return {
        by: columnAt(table, item.replace(/^[-+]/, '').split('.')),
        direction: descending ? 'desc' : 'asc',
      }
    }
    const { column, type, nulls } = objectArgs(item)
    const direction = [
      type === 'desc' ? 'desc' : 'asc',
      nulls === 'first' || nulls === 'last' ? `nulls_${nulls}` : '',
    ]
    return { by: columnAt(table, String(column).split('.')), direction: direction.filter(Boolean).join('_') }
  })
}

function columnAt(table: Table, [name = '', ...rest]: string[]): OrderExpression {
  if (rest.length === 0) {
    if (!table.byColumnName.has(name)) throw noColumn(name)
    return { is: 'column', name, row: 'this' }
  }
  const relation = table.fields.get(name)
  if (relation?.is !== 'relation') throw noColumn(name)
  const rows = rowsOf(relation.table, joinOf(relation), { is: 'and', all: [] })
  const then = columnAt(relation.table, rest)
  return { is: 'through', rows, then }
}
