/** `update_X`, `update_X_by_pk`, `update_X_many`. */

import type { CatalogType } from '../catalog.ts'
import { invalid, quotedList } from '../errors.ts'
import { commonName } from '../model/naming.ts'
import type { Table } from '../model.ts'
import type { Input } from '../plan/input.ts'
import { inputJson } from '../plan/input-json.ts'
import { anyPermission, scopeOf } from '../plan/permission.ts'
import { maskOf, tablesOf } from '../plan/permitted.ts'
import { type BoolExp, both, type PgType } from '../plan/plan.ts'
import type { Planner } from '../plan/planner.ts'
import { itemType, readList, readObject } from '../plan/read.ts'
import { argumentPlace, type SelectedField } from '../plan/selected.ts'
import { arrayOf, pgType, readValue } from '../plan/values.ts'
import { planWhere } from '../plan/where.ts'
import type { TypeRef } from '../schema/types.ts'
import type { Assignment, Mutation, Update } from './mutation.ts'
import { planResponse, planRowOutput, targetOf } from './output.ts'
import { argumentsJson, checkOf, presetsOf, validationOf } from './permission.ts'
import type { Validation } from './validate-input.ts'

/** Arguments by name, each with its place. */
type Given = Map<string, { input: Input; type: TypeRef; path: string }>

export function planUpdate(planner: Planner, selected: SelectedField, table: Table): Mutation {
  const given = argumentsOf(selected)
  const update = planOne(planner, table, given, {
    path: selected.path,
    where: whereOf(planner, table, given),
  })
  const output = planResponse(planner, selected, table)
  return { is: 'update', updates: [update], list: false, output, validation: asked(planner, selected, table) }
}

export function planUpdateByKey(planner: Planner, selected: SelectedField, table: Table): Mutation {
  const given = argumentsOf(selected)
  const where = keyCondition(planner, table, given.get(commonName(table.naming, 'pk_columns')))
  const update = planOne(planner, table, given, { path: selected.path, where })
  const output = planRowOutput(planner, selected, table)
  return { is: 'update', updates: [update], list: false, output, validation: asked(planner, selected, table) }
}

export function planUpdateMany(planner: Planner, selected: SelectedField, table: Table): Mutation {
  const place = argumentPlace(selected, 'updates')
  const list = place ? (readList(planner, selected.args.get('updates'), place) ?? []) : []
  const updates = list.map(item => {
    const members = readObject(planner, item.input, {
      type: itemType(place?.type ?? missing()),
      path: item.path,
    })
    const given: Given = new Map()
    for (const [name, { input, field, path }] of members ?? [])
      given.set(name, { input, type: field.type, path })
    return planOne(planner, table, given, { path: item.path, where: whereOf(planner, table, given) })
  })
  // Where nothing is to be done at all, there are no answers either.
  const some = updates.some(({ set }) => set.length > 0)
  return {
    is: 'update',
    updates: some ? updates : [],
    list: true,
    output: planResponse(planner, selected, table),
    validation: validationOf(planner.schema.update(table), () =>
      list.map(({ input }) => inputJson(planner, input)),
    ),
  }
}

function asked(planner: Planner, selected: SelectedField, table: Table): Validation | undefined {
  return validationOf(planner.schema.update(table), () => [argumentsJson(planner, selected)])
}

function missing(): never {
  throw new Error('an update without its argument')
}

function argumentsOf(selected: SelectedField): Given {
  const given: Given = new Map()
  for (const [name, input] of selected.args) {
    const place = argumentPlace(selected, name)
    if (place) given.set(name, { input, type: place.type, path: place.path })
  }
  return given
}

function whereOf(planner: Planner, table: Table, given: Given): BoolExp {
  const where = given.get('where')
  return where ? planWhere(planner, where.input, where, table) : missing()
}

function planOne(
  planner: Planner,
  table: Table,
  given: Given,
  { path, where }: { path: string; where: BoolExp },
): Update {
  const view = planner.schema.update(table)
  if (!view) return missing()
  const presets = presetsOf(view.preset).map(
    ([column, value]): Assignment => ({ column: column.name, operator: '_set', value }),
  )
  const set = assignments(planner, namedAs(table, given), path)
  const filter = anyPermission(scopeOf(table, tablesOf(planner, table)), [view.filter])
  return {
    table: targetOf(table),
    set: [...set, ...presets],
    where: both(filter, where),
    check: checkOf(planner, table, view.check),
    path,
  }
}

/** The operators under their own names, whatever the source calls them. */
function namedAs({ naming }: Table, given: Given): Given {
  return new Map(
    names.flatMap(name => {
      const found = given.get(commonName(naming, name))
      return found ? [[name, found]] : []
    }),
  )
}

const names = ['_set', '_inc', '_append', '_prepend', '_delete_key', '_delete_elem', '_delete_at_path']

function assignments(planner: Planner, given: Given, path: string): Assignment[] {
  const set: Assignment[] = []
  const fields: string[] = []
  for (const operator of names) {
    const place = given.get(operator)
    const members = place && readObject(planner, place.input, place)
    for (const { input, field, path: at } of members?.values() ?? []) {
      if (field.means.is !== 'column') continue
      const { column } = field.means
      const postgres = operandOf(operator, column.type)
      fields.push(column.field)
      const value = readValue(planner, input, {
        type: field.type,
        path: at,
        postgres,
        nulls: operator === '_delete_key' || (!typed.has(operator) && column.nullable),
        many: operator === '_delete_at_path',
      })
      set.push({ column: column.name, operator, value })
    }
  }
  const repeated = fields.filter((field, position) => fields.indexOf(field) !== position)
  if (repeated.length > 0)
    throw invalid(`${path}.args`, `Column found in multiple operators: ${quotedList(new Set(repeated))}.`)
  return set
}

const text: PgType = { name: 'text', schema: 'pg_catalog', array: false }

/** Operators whose operand has a type of its own, which is not null. */
const typed = new Set(['_delete_elem', '_delete_at_path'])

function operandOf(operator: string, type: CatalogType): PgType {
  if (operator === '_delete_key') return text
  if (operator === '_delete_elem') return { ...text, name: 'int4' }
  return operator === '_delete_at_path' ? arrayOf(text) : pgType(type)
}

function keyCondition(
  planner: Planner,
  table: Table,
  given: { input: Input; type: TypeRef; path: string } | undefined,
): BoolExp {
  const members = given && readObject(planner, given.input, given)
  const parts = [...(members?.values() ?? [])].map(({ input, field, path }): BoolExp => {
    if (field.means.is !== 'column') return missing()
    const { column } = field.means
    const value = readValue(planner, input, { type: field.type, path, postgres: pgType(column.type) })
    const mask = planner.schema.select(table)?.columns.get(column)
    const left = { is: 'column', name: column.name, row: 'this', ...maskOf(planner, table, mask) } as const
    return { is: 'compare', left, operator: '_eq', right: { is: 'value', value } }
  })
  return both(...parts)
}
