/** `update` and `delete`. */
import { RequestError } from '../errors.ts'
import type { Act } from '../metadata-api/acts.ts'
import { type Args, isObject, kindOf, list, parseFailed } from '../metadata-api/arguments.ts'
import { admin, type UpdateView } from '../model/role-permissions.ts'
import type { Table } from '../model.ts'
import type { Assignment } from '../mutation/mutation.ts'
import { targetOf } from '../mutation/output.ts'
import { presetsOf } from '../mutation/permission.ts'
import { anyPermission, permission, scopeOf } from '../plan/permission.ts'
import { type BoolExp, both } from '../plan/plan.ts'
import { checkLabelPaths } from './label-paths.ts'
import {
  type Asked,
  askedBy,
  denied,
  givenValue,
  notAllowed,
  readable,
  tableAsked,
  visible,
  whereOf,
} from './permitted-rows.ts'
import { outputOf, refuseValidated, runWrite } from './run-rows.ts'

const why = (what: string) =>
  `; "${what}" is only allowed if the role has "select" permission as "where" can't be used without "select" permission on the table`

export const updateRows =
  (stringify: boolean): Act =>
  async (context, args) => {
    const asked = askedBy(context, args, stringify)
    const { where } = changed(args)
    const table = tableAsked(asked, args, '$.args.table')
    const view = asked.schema.update(table)
    if (!view) throw notAllowed('update', asked, table)
    refuseValidated(view)
    const seen = readable(asked, table, why('update'))
    const set = assignmentsOf(asked, table, view, args)
    const output = outputOf(asked, table, args, seen)
    const presets = presetsOf(view.preset).map(
      ([{ name }, value]): Assignment => ({ column: name, operator: '_set', value }),
    )
    if (set.length + presets.length === 0)
      throw new RequestError(
        'unexpected-payload',
        '$.args',
        'atleast one of $set, $inc, $mul has to be present',
      )
    const update = {
      table: targetOf(table),
      set: [...set, ...presets],
      where: both(permittedBy(asked, table, view.filter), sought(asked, table, where)),
      check: permission(scopeOf(table, asked.tables), view.check ?? {}),
      path: '$.args',
    }
    return runWrite(asked, { is: 'update', updates: [update], list: false, output, validation: undefined })
  }

export const deleteRows =
  (stringify: boolean): Act =>
  async (context, args) => {
    const asked = askedBy(context, args, stringify)
    const { where } = changed(args)
    const table = tableAsked(asked, args, '$.args')
    const view = asked.schema.delete(table)
    if (!view) throw notAllowed('delete', asked, table)
    refuseValidated(view)
    const output = outputOf(asked, table, args, readable(asked, table, why('delete')))
    const rows = both(permittedBy(asked, table, view.filter), sought(asked, table, where))
    const deleted = { table: targetOf(table), where: rows, path: '$.args' }
    return runWrite(asked, { is: 'delete', delete: deleted, output, validation: undefined })
  }

/** All rows are meant by `{}`, never by nothing. */
function changed(args: Args): { where: unknown } {
  if (args.where === undefined) throw parseFailed('$', 'key "where" not found')
  return { where: args.where }
}

function permittedBy({ tables }: Asked, table: Table, filter: UpdateView['filter']): BoolExp {
  return anyPermission(scopeOf(table, tables), [filter])
}

/** Rows that are not seen are not found either: whether they are there would be told by how many were changed. */
function sought(asked: Asked, table: Table, where: unknown): BoolExp {
  checkLabelPaths(table, where)
  const found = whereOf(asked, table, where, '$.args.where')
  const named = isObject(where) && Object.keys(where).length > 0
  return named && asked.role !== admin ? both(visible(asked, table, readable(asked, table)), found) : found
}

const operators = { $set: '_set', $inc: '_inc', $mul: '_mul' } as const

function assignmentsOf(asked: Asked, table: Table, view: UpdateView, args: Args): Assignment[] {
  const set = Object.entries(operators).flatMap(([key, operator]) => {
    const given = args[key] ?? (key === '$set' ? args.values : undefined) ?? {}
    if (!isObject(given))
      throw parseFailed(
        `$.${key}`,
        `parsing Object failed, expected Object, but encountered ${kindOf(given)}`,
      )
    return Object.entries(given).map(([name, value]): Assignment => {
      const path = `$.args.${key}`
      const column = updatable(asked, table, view, name, path)
      return { column: name, operator, value: givenValue(value, column, `${path}.${name}`) }
    })
  })
  const defaults = args.$default === undefined ? [] : list(args, '$default').map(String)
  for (const name of defaults) updatable(asked, table, view, name, '$.args.$default')
  const all = [...set, ...defaults.map((column): Assignment => ({ column, operator: '_default' }))]
  const twice = all.find(({ column }, at) => all.findIndex(other => other.column === column) !== at)
  if (twice)
    throw new RequestError('validation-failed', '$.args', `column "${twice.column}" is set more than once`)
  return all
}

function updatable({ role }: Asked, table: Table, view: UpdateView, name: string, path: string) {
  const column = table.byColumnName.get(name)
  if (column && view.preset.has(column))
    throw new RequestError(
      'not-supported',
      path,
      `column "${name}" is not updatable for role "${role}"; its value is predefined in permission`,
    )
  if (column && view.columns.has(column)) return column
  throw denied(
    path,
    role === admin
      ? `no such column exists: "${name}"`
      : `role "${role}" does not have permission to update column "${name}"`,
  )
}
