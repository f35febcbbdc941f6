/** `insert_X` and `insert_X_one`, with rows of other tables inside. */
import { invalid } from '../errors.ts'
import { commonName } from '../model/naming.ts'
import type { Relation, Table } from '../model.ts'
import type { Input } from '../plan/input.ts'
import { inputJson } from '../plan/input-json.ts'
import type { Value } from '../plan/plan.ts'
import type { Planner } from '../plan/planner.ts'
import { itemType, type Member, type Place, readList, readObject } from '../plan/read.ts'
import { argumentPlace, type SelectedField } from '../plan/selected.ts'
import { pgType, readValue } from '../plan/values.ts'
import type { Insert, InsertRow, Mutation, Pair } from './mutation.ts'
import { planOnConflict } from './on-conflict.ts'
import { planResponse, planRowOutput, targetOf } from './output.ts'
import { checkOf, presetsOf, updateCheckOf } from './permission.ts'
import { type Nested, rowJson } from './validate-input.ts'

export function planInsert(planner: Planner, selected: SelectedField, table: Table, one: boolean): Mutation {
  const place = argumentPlace(selected, one ? 'object' : 'objects')
  const onConflict = commonName(table.naming, 'on_conflict')
  const conflictPlace = argumentPlace(selected, onConflict)
  if (!place) throw new Error('an insert without its argument')
  const input = selected.args.get(one ? 'object' : 'objects')
  const rows = one ? (input ? [{ input, path: place.path }] : []) : (readList(planner, input, place) ?? [])
  const rowType = one ? place.type : itemType(place.type)
  const conflict = conflictPlace && { input: selected.args.get(onConflict), place: conflictPlace }
  const planned = rows.map(({ input: row, path }, position) =>
    planRow(planner, row, { type: rowType, path, told: `${place.path}[${position}]` }, table),
  )
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
    into: { ...targetOf(table), defaulted: defaultedOf(table) },
    path,
    rows,
    onConflict,
    check: checkOf(planner, table, planner.schema.insert(table)?.check),
    updateCheck: onConflict && updateCheckOf(planner, table),
    validation: planner.schema.insert(table)?.validateInput,
  }
}

/** What a view has where a column is left out is said by its table. */
export function defaultedOf({ kind, columns }: Table): Set<string> {
  const own = kind === 'r' || kind === 'p'
  const some = columns.filter(
    ({ catalog }) => !own || catalog.has_default || catalog.identity || catalog.generated,
  )
  return new Set(some.map(({ name }) => name))
}

/** `told`: where errors of the row are said to be; of a list of rows, also where there is only one. */
function planRow(planner: Planner, input: Input, place: Place & { told: string }, table: Table): InsertRow {
  const members = readObject(planner, input, place) ?? new Map<string, Member>()
  const view = planner.schema.insert(table)
  const presets = presetsOf(view?.preset ?? new Map()).map(([{ name }, value]): [string, Value] => [
    name,
    value,
  ])
  const nested: Nested[] = []
  const row: InsertRow = {
    path: place.told,
    values: new Map(),
    presets: new Map(presets),
    before: [],
    after: [],
    json: () => rowJson(columnsJson(planner, members), nested),
  }
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
  for (const member of members.values())
    if (member.field.means.is === 'relation') {
      const { relation } = member.field.means
      const rows = planRelation(planner, member, relation, row)
      if (rows) nested.push([relation.field, rows, relation.kind === 'array'])
    }
  return row
}

/** What is given for the columns, under the columns' own names, as Hasura tells it. */
function columnsJson(planner: Planner, members: Map<string, Member>): [string, unknown][] {
  return [...members.values()].flatMap(({ input, field: { means } }): [string, unknown][] =>
    means.is === 'column' ? [[means.column.name, inputJson(planner, input)]] : [],
  )
}

/** The rows of a relationship; undefined when nothing is given. */
function planRelation(
  planner: Planner,
  { input, field, path }: Member,
  relation: Relation,
  row: InsertRow,
): InsertRow[] | undefined {
  const members = readObject(planner, input, { type: field.type, path, nullIsNothing: true })
  const data = members?.get('data')
  if (!members || !data) return undefined
  const given = members.get(commonName(relation.table.naming, 'on_conflict'))
  const conflict = given && { input: given.input, place: { type: given.field.type, path: given.path } }
  const { table } = relation
  const first = relation.kind === 'object' && relation.insertion === 'before_parent'
  const told = `${row.path}.${relation.field}.data`
  const rows = dataRows(planner, data, relation).map((item, position) =>
    planRow(planner, item.input, { ...item.place, told: first ? told : `${told}[${position}]` }, table),
  )
  if (rows.length === 0) return rows
  const insert = planInto(planner, table, { rows, path: told, conflict })
  if (first) addBefore(relation, insert, row)
  else addAfter(relation, insert, row)
  return rows
}

function dataRows(planner: Planner, { input, field, path }: Member, { kind }: Relation) {
  const { type } = field
  if (kind === 'object') return [{ input, place: { type, path } }]
  const items = readList(planner, input, { type, path }) ?? []
  return items.map(item => ({ input: item.input, place: { type: itemType(type), path: item.path } }))
}

function addBefore(relation: Relation, insert: Insert, row: InsertRow): void {
  const pairs = relation.columns.map(([here, there]): Pair => [here.name, there.name, pgType(here.type)])
  const before = { pairs, name: relation.field, insert }
  refuseDetermined(row, before, [...row.values.keys()])
  row.before.push(before)
}

/** A row that is there first gives columns, which then nobody else may give. What a permission sets wins in any case. */
function refuseDetermined(
  row: InsertRow,
  { pairs, name }: InsertRow['before'][number],
  columns: string[],
): void {
  const taken = pairs.map(([here]) => here).filter(here => columns.includes(here))
  if (taken.length > 0)
    throw invalid(
      `${row.path}.${name}`,
      `cannot insert object relationship "${name}" as ${quoted(taken)} column values are already determined`,
    )
}

function addAfter(relation: Relation, insert: Insert, row: InsertRow): void {
  const columns = relation.columns.map(([, there]) => there.name)
  for (const child of insert.rows) {
    const taken = columns.filter(name => child.values.has(name))
    if (taken.length > 0)
      throw invalid(
        child.path,
        `cannot insert ${quoted(taken)} columns as their values are already being determined by parent insert`,
      )
    for (const before of child.before) refuseDetermined(child, before, columns)
  }
  const pairs = relation.columns.map(([here, there]): Pair => [here.name, there.name, pgType(there.type)])
  row.after.push({ pairs, insert })
}

function quoted(names: string[]): string {
  return names.map(name => `"${name}"`).join(', ')
}
