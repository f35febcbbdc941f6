/** Which objects of the metadata stand on which: what keeps a table from being dropped, and what a cascade takes along. */

import { removeFrom } from '../metadata-edits/edit.ts'
import type { Metadata, TrackedTable } from '../metadata-types.ts'
import { qualified, shown } from '../model/building.ts'
import { referencesOf } from '../model/permission-references.ts'
import { qualifiedKey, type Table } from '../model.ts'
import type { State } from '../state.ts'
import { type NameOf, sameName } from './arguments.ts'

export type Dependent = { source: string; table: NameOf } & (
  | { is: 'relationship' | 'computed field' | 'event-trigger'; name: string }
  | { is: 'permission'; role: string; kind: 'select' | 'insert' | 'update' | 'delete' }
  /** Here `table` is the function itself. */
  | { is: 'function' }
)
export type Dependency = {
  dependent: Dependent
  on: { table: NameOf; field?: string | undefined; literal?: boolean } | { function: NameOf }
}

const kinds = ['insert', 'select', 'update', 'delete'] as const

export function* dependenciesOf(state: State, source: string): Generator<Dependency> {
  const tables = state.model.tablesBySource.get(source) ?? new Map<string, Table>()
  const metadata = state.metadata.sources.find(({ name }) => name === source)
  for (const entry of metadata?.tables ?? []) {
    const table = tables.get(qualifiedKey(qualified(entry.table)))
    if (table) yield* ofTable(source, entry, { table, tables })
  }
  for (const fn of state.model.functions)
    if (fn.source === source)
      yield { dependent: { is: 'function', source, table: fn.function }, on: { table: fn.table } }
}

type Built = { table: Table; tables: ReadonlyMap<string, Table> }

function* ofTable(source: string, entry: TrackedTable, { table, tables }: Built): Generator<Dependency> {
  for (const field of table.fields.values()) {
    if (field.is === 'relation') {
      const dependent = { is: 'relationship', source, table, name: field.field } as const
      yield { dependent, on: { table: field.table } }
      for (const [here, there] of field.columns) {
        yield { dependent, on: { table, field: here.name } }
        yield { dependent, on: { table: field.table, field: there.name } }
      }
    }
    if (field.is === 'computed') {
      const dependent = { is: 'computed field', source, table, name: field.field } as const
      yield { dependent, on: { function: field.function } }
      if (field.returns.is === 'table') yield { dependent, on: { table: field.returns.table } }
    }
  }
  for (const { name, definition } of entry.event_triggers ?? []) {
    const dependent = { is: 'event-trigger', source, table, name } as const
    for (const spec of [definition.insert, definition.update, definition.delete])
      for (const columns of [spec?.columns, spec?.payload])
        if (Array.isArray(columns)) for (const field of columns) yield { dependent, on: { table, field } }
  }
  for (const kind of kinds)
    for (const { role, permission } of entry[`${kind}_permissions`] ?? []) {
      const dependent = { is: 'permission', source, table, role, kind } as const
      const { columns, set, filter, check, computed_fields } = {
        columns: undefined,
        set: undefined,
        filter: undefined,
        check: undefined,
        computed_fields: undefined,
        ...permission,
      }
      const named = [
        ...(Array.isArray(columns) ? columns : []),
        ...Object.keys(set ?? {}),
        ...(computed_fields ?? []),
      ]
      for (const field of named) yield { dependent, on: { table, field } }
      for (const [field, value] of Object.entries(set ?? {}))
        if (typeof value !== 'string' || !/^x-hasura-/i.test(value))
          yield { dependent, on: { table, field, literal: true } }
      for (const exp of [filter, check])
        for (const reference of exp ? referencesOf(table, exp, tables).references : [])
          yield { dependent, on: reference }
    }
}

function key(dependent: Dependent): string {
  const { table, source } = dependent
  const place = `in source "${source}"`
  if (dependent.is === 'function') return `function ${shown(table)} ${place}`
  if (dependent.is === 'permission')
    return `permission ${shown(table)}.${dependent.role}.${dependent.kind} ${place}`
  return `${dependent.is} ${shown(table)}.${dependent.name} ${place}`
}

/** Each once, as Hasura lists them. */
export function listed(dependents: Dependent[]): string {
  return [...new Set(dependents.map(key))].toSorted().join(', ')
}

function selected(state: State, source: string, matches: (dependency: Dependency) => boolean): Dependent[] {
  const found = new Map<string, Dependent>()
  for (const dependency of dependenciesOf(state, source))
    if (matches(dependency)) found.set(key(dependency.dependent), dependency.dependent)
  return [...found.values()]
}

/** What of other objects would be broken without this table. */
export function dependentsOfTable(state: State, source: string, name: NameOf): Dependent[] {
  return selected(
    state,
    source,
    ({ dependent, on }) =>
      'table' in on &&
      sameName(on.table, name) &&
      (dependent.is === 'function' || !sameName(dependent.table, name)),
  )
}

/** What stands on a column, relationship or computed field. */
export function dependentsOfField(state: State, source: string, table: NameOf, field: string): Dependent[] {
  return selected(
    state,
    source,
    ({ dependent, on }) =>
      'table' in on &&
      on.field === field &&
      sameName(on.table, table) &&
      !('name' in dependent && dependent.name === field && sameName(dependent.table, table)),
  )
}

/** The permissions that compare a column to a value of the metadata. */
export function dependentsOfColumnType(
  state: State,
  source: string,
  table: NameOf,
  column: string,
): Dependent[] {
  return selected(
    state,
    source,
    ({ on }) => 'table' in on && on.field === column && on.literal === true && sameName(on.table, table),
  )
}

export function dependentsOfFunction(state: State, source: string, name: NameOf): Dependent[] {
  return selected(state, source, ({ on }) => 'function' in on && sameName(on.function, name))
}

export function dropDependents(draft: Metadata, dependents: Dependent[]): void {
  for (const dependent of dependents) {
    const source = draft.sources.find(({ name }) => name === dependent.source)
    if (dependent.is === 'function') {
      removeFrom(source?.functions, each => sameName(each.function, dependent.table))
      continue
    }
    const entry = source?.tables?.find(each => sameName(each.table, dependent.table))
    if (!entry) continue
    if (dependent.is === 'permission')
      removeFrom<{ role: string }>(
        entry[`${dependent.kind}_permissions`],
        each => each.role === dependent.role,
      )
    else
      for (const fields of [
        entry.object_relationships,
        entry.array_relationships,
        entry.computed_fields,
        entry.event_triggers,
      ])
        removeFrom<{ name: string }>(fields, each => each.name === dependent.name)
  }
}
