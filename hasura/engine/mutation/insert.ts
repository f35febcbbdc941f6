/** `insert_X` and `insert_X_one`, with rows of other tables inside. */
import { invalid } from '../errors.ts'
import { commonName } from '../model/naming.ts'
import type { Relation, Table } from '../model.ts'
import type { Input } from '../plan/input.ts'
import { always } from '../plan/plan.ts'
import type { Planner } from '../plan/planner.ts'
import { itemType, type Member, type Place, readList, readObject } from '../plan/read.ts'
import { argumentPlace, type SelectedField } from '../plan/selected.ts'
import { pgType, readValue } from '../plan/values.ts'
import type { Insert, InsertRow, Mutation } from './mutation.ts'
import { planOnConflict } from './on-conflict.ts'
import { planResponse, planRowOutput, targetOf } from './output.ts'
import { checkOf, presetsOf } from './permission.ts'

export function planInsert(planner: Planner, selected: SelectedField, table: Table, one: boolean): Mutation {
  const place = argumentPlace(selected, one ? 'object' : 'objects')
  const onConflict = commonName(table.naming, 'on_conflict')
  const conflictPlace = argumentPlace(selected, onConflict)
  if (!place) throw new Error('an insert without its argument')
  const input = selected.args.get(one ? 'object' : 'objects')
  const rows = one ? (input ? [{ input, path: place.path }] : []) : (readList(planner, input, place) ?? [])
  const rowType = one ? place.type : itemType(place.type)
  const conflict = conflictPlace && { input: selected.args.get(onConflict), place: conflictPlace }
  const planned = rows.map(row => planRow(planner, row.input, { type: rowType, path: row.path }, table))
  // Hasura names the argument of the list, also where only one row is given.
  const insert = planInto(planner, table, { rows: planned, path: place.path, conflict })
  const output = one ? planRowOutput(planner, selected, table) : planResponse(planner, selected, table)
  return { is: 'insert', insert, output }
}

type Into = {
  rows: InsertRow[]
  path: string
  conflict: { input: Input | undefined; place: Place } | undefined
}

function planInto(planner: Planner, table: Table, { rows, path, conflict }: Into): Insert {
  const onConflict = conflict && planOnConflict(planner, conflict.input, conflict.place, table)
  return {
    into: targetOf(table),
    path,
    rows,
    onConflict,
    check: checkOf(planner, table, planner.schema.insert(table)?.check),
    updateCheck: onConflict ? checkOf(planner, table, planner.schema.update(table)?.check) : always,
  }
}

function planRow(planner: Planner, input: Input, place: Place, table: Table): InsertRow {
  const members = readObject(planner, input, place) ?? new Map<string, Member>()
  const row: InsertRow = { path: place.path, values: new Map(), before: [], after: [] }
  for (const { input: given, field, path } of members.values())
    if (field.means.is === 'column') {
      const { column } = field.means
      row.values.set(
        column.name,
        readValue(planner, given, {
          type: field.type,
          path,
          postgres: pgType(column.type),
          nulls: column.nullable,
        }),
      )
    }
  for (const [column, value] of presetsOf(planner.schema.insert(table)?.preset ?? new Map()))
    row.values.set(column.name, value)
  for (const member of members.values())
    if (member.field.means.is === 'relation') planRelation(planner, member, member.field.means.relation, row)
  return row
}

function planRelation(
  planner: Planner,
  { input, field, path }: Member,
  relation: Relation,
  row: InsertRow,
): void {
  const members = readObject(planner, input, { type: field.type, path, nullIsNothing: true })
  const data = members?.get('data')
  if (!members || !data) return
  const given = members.get(commonName(relation.table.naming, 'on_conflict'))
  const conflict = given && { input: given.input, place: { type: given.field.type, path: given.path } }
  const { table } = relation
  const single = relation.kind === 'object'
  const rows = single
    ? [planRow(planner, data.input, { type: data.field.type, path: data.path }, table)]
    : (readList(planner, data.input, { type: data.field.type, path: data.path }) ?? []).map(item =>
        planRow(planner, item.input, { type: itemType(data.field.type), path: item.path }, table),
      )
  if (rows.length === 0) return
  const insert = planInto(planner, table, { rows, path: data.path, conflict })
  if (single && relation.insertion === 'before_parent') addBefore(relation, insert, row, path)
  else addAfter(relation, insert, row)
}

function addBefore(relation: Relation, insert: Insert, row: InsertRow, path: string): void {
  const taken = relation.columns.map(([here]) => here.name).filter(name => row.values.has(name))
  if (taken.length > 0)
    throw invalid(
      path,
      `cannot insert object relationship "${relation.field}" as ${quoted(taken)} column values are already determined`,
    )
  const pairs = relation.columns.map(([here, there]): [string, string] => [here.name, there.name])
  row.before.push({ pairs, name: relation.field, insert })
}

function addAfter(relation: Relation, insert: Insert, row: InsertRow): void {
  for (const child of insert.rows) {
    const taken = relation.columns.map(([, there]) => there.name).filter(name => child.values.has(name))
    if (taken.length > 0)
      throw invalid(
        child.path,
        `cannot insert ${quoted(taken)} columns as their values are already being determined by parent insert`,
      )
  }
  row.after.push({ pairs: relation.columns.map(([here, there]) => [here.name, there.name]), insert })
}

function quoted(names: string[]): string {
  return names.map(name => `"${name}"`).join(', ')
}
