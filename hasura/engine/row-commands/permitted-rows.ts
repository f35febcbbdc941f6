/** Who asks about which table, and what of it they may name. Errors in the words of Hasura's commands on rows. */
import type pg from 'pg'
import { RequestError } from '../errors.ts'
import { type Args, isObject, kindOf, parseFailed, sourceName, tableName } from '../metadata-api/arguments.ts'
import type { ApiContext } from '../metadata-api/metadata-api.ts'
import { connected } from '../metadata-api/source-acts.ts'
import type { BoolExpJson } from '../metadata-types.ts'
import { shown } from '../model/building.ts'
import { admin, type SelectView } from '../model/role-permissions.ts'
import { isBigNumber } from '../model/scalar-names.ts'
import { type Column, qualifiedKey, type Relation, type Table } from '../model.ts'
import { anyPermission, joinOf, permission, rowsOf, scopeOf } from '../plan/permission.ts'
import { type BoolExp, both, type Output, type Rows, type Value } from '../plan/plan.ts'
import { arrayText, scalarText } from '../plan/scalar-text.ts'
import { pgType } from '../plan/values.ts'
import type { RoleSchema } from '../schema/role-schema.ts'
import { backendPrivilege, type Session } from '../session.ts'

export type Asked = {
  schema: RoleSchema
  role: string
  tables: ReadonlyMap<string, Table>
  source: string
  pool: pg.Pool
  session: Session
  /** Whether big numbers are answered as strings. */
  stringify: boolean
}

export function askedBy({ control, session }: ApiContext, args: Args, stringify: boolean): Asked {
  const state = control.current()
  const source = sourceName(args)
  const pool = connected(control, source)
  const schema = state.schemaFor(session.role, backendPrivilege(session) === true)
  const tables = state.model.tablesBySource.get(source) ?? new Map<string, Table>()
  return { schema, role: session.role, tables, source, pool, session, stringify }
}

export function tableAsked({ tables }: Asked, args: Args, path: string): Table {
  if (args.table === undefined) throw parseFailed('$', 'key "table" not found')
  const name = tableName(args.table, '$.table')
  const table = tables.get(qualifiedKey(name))
  if (table) return table
  throw new RequestError('not-exists', path, `table "${shown(name)}" does not exist`)
}

export function denied(path: string, message: string): RequestError {
  return new RequestError('permission-denied', path, message)
}

/** `why`: what cannot be done without that permission. */
export function notAllowed(what: string, { role }: Asked, table: Table, why = ''): RequestError {
  return denied('$.args', `${what} on "${shown(table)}" for role "${role}" is not allowed. ${why}`)
}

export function readable(asked: Asked, table: Table, why?: string): SelectView {
  const view = asked.schema.select(table)
  if (!view) throw notAllowed('select', asked, table, why)
  return view
}

/** The rows of a table that the role sees. */
export function visible({ tables }: Asked, table: Table, { filters }: SelectView): BoolExp {
  return anyPermission(scopeOf(table, tables), filters)
}

export function readableColumn(
  { role }: Asked,
  table: Table,
  view: SelectView,
  name: string,
  path: string,
): Column {
  const column = table.byColumnName.get(name)
  if (column && view.columns.has(column)) return column
  throw denied(
    path,
    role === admin
      ? `no such column exists: "${name}"`
      : `role "${role}" does not have permission to select column "${name}"`,
  )
}

/** A column of the answer; one that an inherited role sees in some rows only is null in the others. */
export function columnOutput(asked: Asked, table: Table, view: SelectView, column: Column): Output {
  const { name, type } = column
  const text = asked.stringify && isBigNumber(type)
  const mask = view.columns.get(column)
  const shownWhere = mask && { mask: anyPermission(scopeOf(table, asked.tables), mask) }
  return {
    key: name,
    is: 'value',
    expression: { is: 'column', name, row: 'this', ...shownWhere },
    text: text && type.element ? 'array' : text,
    path: undefined,
  }
}

/** The rows that a relationship leads to, and what the role may see of them. */
export function related(
  asked: Asked,
  { field, table, ...relation }: Relation,
): { rows: Rows; view: SelectView } {
  const view = asked.schema.select(table)
  if (!view)
    throw denied(
      '$.args',
      `role "${asked.role}" does not have permission to read relationship "${field}"; no permission on table "${shown(table)}"`,
    )
  return { rows: rowsOf(table, joinOf({ field, table, ...relation }), visible(asked, table, view)), view }
}

/** What the request asks of rows, within what the role may read. Values become parameters. */
export function whereOf(asked: Asked, table: Table, json: unknown, path: string): BoolExp {
  if (!isObject(json))
    throw parseFailed('$.where', `parsing Object failed, expected Object, but encountered ${kindOf(json)}`)
  return both(...Object.entries(json).map(([key, value]) => conditionOf(asked, table, { key, value, path })))
}

function conditionOf(
  asked: Asked,
  table: Table,
  { key, value, path }: { key: string; value: unknown; path: string },
): BoolExp {
  const here = `${path}.${key}`
  const all = () => listOf(value).map((each, at) => whereOf(asked, table, each, `${here}[${at}]`))
  if (/^[_$]and$/.test(key)) return both(...all())
  if (/^[_$]or$/.test(key)) return { is: 'or', all: all() }
  if (/^[_$]not$/.test(key)) return { is: 'not', exp: whereOf(asked, table, value, here) }
  const relation = table.fields.get(key)
  if (relation?.is === 'relation' && !table.byColumnName.has(key)) {
    const { rows } = related(asked, relation)
    const where = both(rows.where, whereOf(asked, relation.table, value, here))
    return { is: 'exists', rows: { ...rows, where } }
  }
  if (asked.role !== admin) checkComparison(asked, table, { key, value, path: here })
  return asParameters(permission(scopeOf(table, asked.tables), { [key]: value } as BoolExpJson))
}

function listOf(value: unknown): unknown[] {
  return Array.isArray(value) ? value : []
}

/** A role other than admin compares columns that it sees in all its rows, and with values alone. */
function checkComparison(
  asked: Asked,
  table: Table,
  { key, value, path }: { key: string; value: unknown; path: string },
): void {
  const view = readable(asked, table)
  const column = readableColumn(asked, table, view, key, path)
  const operators = isObject(value) ? Object.keys(value) : []
  if (
    view.columns.get(column) ||
    operators.some(operator => /^[_$]c(eq|ne|neq|gt|lt|gte|lte)$/.test(operator))
  )
    throw new RequestError('not-supported', path, `"${key}" cannot be compared so by role "${asked.role}"`)
}

/** What came with the request is no part of the statement. */
function asParameters<T>(plan: T): T {
  if (typeof plan !== 'object' || plan === null) return plan
  if (Array.isArray(plan)) return plan.map(asParameters) as T
  if ('from' in plan && plan.from === 'metadata' && 'text' in plan && 'type' in plan)
    return { from: 'document', value: plan.text, type: plan.type } as T
  return Object.fromEntries(Object.entries(plan).map(([key, member]) => [key, asParameters(member)])) as T
}

/** A value of JSON for a column. */
export function givenValue(value: unknown, { type }: Column, path: string): Value {
  const to = { type: pgType(type), path, variable: () => ({ is: 'json', value: null }) as const }
  if (value === null) return { from: 'document', value: null, type: to.type }
  const input = { is: 'json', value } as const
  return {
    from: 'document',
    value: to.type.array ? arrayText(input, to) : scalarText(input, to),
    type: to.type,
  }
}
