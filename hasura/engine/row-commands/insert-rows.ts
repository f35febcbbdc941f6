/** `insert`, with or without `on_conflict`. */
import { RequestError } from '../errors.ts'
import type { Act } from '../metadata-api/acts.ts'
import { type Args, isObject, list, objectArgs, parseFailed } from '../metadata-api/arguments.ts'
import { shown } from '../model/building.ts'
import { admin, type InsertView } from '../model/role-permissions.ts'
import type { Table } from '../model.ts'
import { defaultedOf } from '../mutation/insert.ts'
import type { InsertRow, OnConflict } from '../mutation/mutation.ts'
import { targetOf } from '../mutation/output.ts'
import { presetsOf } from '../mutation/permission.ts'
import { anyPermission, permission, scopeOf } from '../plan/permission.ts'
import { always, type Value } from '../plan/plan.ts'
import { type Asked, askedBy, denied, givenValue, notAllowed, tableAsked } from './permitted-rows.ts'
import { outputOf, refuseValidated, runWrite } from './run-rows.ts'

export const insertRows =
  (stringify: boolean): Act =>
  async (context, args) => {
    const asked = askedBy(context, args, stringify)
    const objects = list(args, 'objects').map(objectArgs)
    const conflict = readConflict(args)
    if (objects.length === 0)
      throw new RequestError('unexpected-payload', '$.args.objects', 'objects should not be empty')
    const table = tableAsked(asked, args, '$.args')
    const view = asked.schema.insert(table)
    if (!view) throw notAllowed('insert', asked, table)
    refuseValidated(view)
    const output = outputOf(asked, table, args)
    const rows = objects.map((object, at) => rowOf(asked, table, view, object, `$.args.objects[${at}]`))
    const given = new Set(objects.flatMap(object => Object.keys(object)))
    const scope = scopeOf(table, asked.tables)
    const updateCheck = asked.schema.update(table)?.check
    const insert = {
      into: { ...targetOf(table), defaulted: defaultedOf(table) },
      path: '$.args',
      rows,
      onConflict: conflict && conflictOf(asked, table, conflict, [...given]),
      check: permission(scope, view.check),
      updateCheck: updateCheck && permission(scope, updateCheck),
      validation: undefined,
    }
    return runWrite(asked, { is: 'insert', insert, output })
  }

function rowOf(asked: Asked, table: Table, view: InsertView, object: Args, path: string): InsertRow {
  const values = new Map<string, Value>()
  for (const [name, value] of Object.entries(object)) {
    const column = table.byColumnName.get(name)
    if (!column) throw new RequestError('not-exists', path, `column "${name}" does not exist`)
    if (view.preset.has(column))
      throw new RequestError(
        'not-supported',
        path,
        `column "${name}" is not insertable for role "${asked.role}"`,
      )
    if (!view.columns.has(column))
      throw denied(path, `role "${asked.role}" does not have permission to insert column "${name}"`)
    values.set(name, givenValue(value, column, `${path}.${name}`))
  }
  const presets = new Map(presetsOf(view.preset).map(([{ name }, value]) => [name, value]))
  return { path: '$.args', values, presets, before: [], after: [], json: () => object }
}

type Conflict = { action: 'ignore' | 'update'; constraint: string | undefined; columns: string[] | undefined }

function readConflict({ on_conflict }: Args): Conflict | undefined {
  if (on_conflict === undefined || on_conflict === null) return undefined
  if (!isObject(on_conflict)) throw parseFailed('$.on_conflict', 'parsing Object failed, expected Object')
  const { action, constraint, constraint_on } = on_conflict
  if (action === undefined) throw parseFailed('$.on_conflict', "the key 'action' was not present")
  if (action !== 'ignore' && action !== 'update')
    throw parseFailed('$.on_conflict.action', "Expecting 'ignore' or 'update'")
  const columns = constraint_on === undefined || constraint_on === null ? undefined : [constraint_on].flat()
  if (columns && constraint)
    throw new RequestError(
      'unexpected-payload',
      '$.args.on_conflict',
      "'constraint' and 'constraint_on' cannot be set at a time",
    )
  return {
    action,
    constraint: typeof constraint === 'string' ? constraint : undefined,
    columns: columns?.map(String),
  }
}

function conflictOf(asked: Asked, table: Table, conflict: Conflict, given: string[]): OnConflict {
  const path = '$.args.on_conflict'
  const view = asked.schema.update(table)
  if (!view)
    throw denied(
      path,
      `upsert is not allowed for role "${asked.role}" since update permissions are not defined`,
    )
  const constraint = constraintOf(table, conflict, path)
  if (conflict.action === 'ignore') return { constraint, update: [], where: always }
  if (constraint === undefined)
    throw new RequestError(
      'unexpected-payload',
      path,
      "Expecting 'constraint' or 'constraint_on' when the 'action' is 'update'",
    )
  refuseValidated(view)
  for (const name of given) {
    const column = table.byColumnName.get(name)
    if (asked.role !== admin && !(column && view.columns.has(column)))
      throw new RequestError('validation-failed', path, `column "${name}" is not updatable`)
  }
  const presets = presetsOf(view.preset).map(([{ name }, value]) => ({ column: name, value }))
  const update = [...given.map(column => ({ column, value: 'excluded' as const })), ...presets]
  return { constraint, update, where: anyPermission(scopeOf(table, asked.tables), [view.filter]) }
}

/** By name, or by its columns. Undefined is any. */
function constraintOf(table: Table, { constraint, columns }: Conflict, path: string): string | undefined {
  const { primaryKey, uniqueKeys } = table
  // What is only an index cannot be named in the statement.
  const keys = [
    ...(primaryKey ? [{ name: primaryKey.name, columns: primaryKey.columns.map(({ name }) => name) }] : []),
    ...uniqueKeys.filter(key => key.is_constraint),
  ]
  if (constraint !== undefined) {
    if (keys.some(({ name }) => name === constraint)) return constraint
    throw new RequestError(
      'unexpected',
      `${path}.constraint`,
      `constraint "${constraint}" for table "${shown(table)}" does not exist`,
    )
  }
  if (!columns) return undefined
  for (const [position, name] of columns.entries())
    if (!table.byColumnName.has(name))
      throw new RequestError(
        'not-exists',
        `${path}.constraint_on[${position}]`,
        `column "${name}" does not exist`,
      )
  const wanted = columns.toSorted().join('\0')
  const found = keys.find(key => key.columns.toSorted().join('\0') === wanted)
  if (found) return found.name
  throw new RequestError(
    'constraint-error',
    '$.args',
    'there is no unique or exclusion constraint on target column(s)',
  )
}
