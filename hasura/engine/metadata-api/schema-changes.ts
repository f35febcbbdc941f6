/** What SQL did to the schema, carried into the metadata; refused where other objects stand on it. */
import type pg from 'pg'
import { RequestError } from '../errors.ts'
import { removeFrom, sourceOf } from '../metadata-edits/edit.ts'
import { dropTable } from '../metadata-edits/tables.ts'
import type { Metadata } from '../metadata-types.ts'
import { shown } from '../model/building.ts'
import type { State } from '../state.ts'
import { type NameOf, sameName } from './arguments.ts'
import {
  type Dependent,
  dependentsOfColumnType,
  dependentsOfField,
  dependentsOfFunction,
  dependentsOfTable,
  dropDependents,
  listed,
} from './dependencies.ts'
import { renameColumn, renameTable } from './rename.ts'
import { readAgain, type Schema, type TableNow } from './schema-snapshot.ts'

export type Followed = { draft: Metadata; before: State; schema: Schema; source: string; cascade: boolean }

export async function followSchema(client: pg.PoolClient, followed: Followed): Promise<void> {
  const { schema } = followed
  const now = await readAgain(client, schema)
  checkFunctions(followed, now)
  const after = new Map(now.tables.map(table => [table.oid, table]))
  const gone = schema.tables.filter(({ oid }) => !after.has(oid))
  const kept = schema.tables.flatMap(was => {
    const is = after.get(was.oid)
    return is ? [{ was, is }] : []
  })
  drop(followed, now, { gone, kept })
  for (const { was, is } of kept) checkTypes(followed, was, is)
  for (const { was, is } of kept) carryNames(followed, was, is)
}

type Pair = { was: TableNow; is: TableNow }

/** Tables, columns and functions that are no more, with what stands on them. */
function drop(
  { draft, before, schema, source, cascade }: Followed,
  now: Schema,
  { gone, kept }: { gone: TableNow[]; kept: Pair[] },
): void {
  const isGone = (table: NameOf) => gone.some(each => sameName(each, table))
  const lostColumns = kept.flatMap(({ was, is }) =>
    was.columns
      .filter(({ number }) => !is.columns.some(column => column.number === number))
      .map(({ name }) => ({ table: was, name })),
  )
  // Under another name it is another function to those who call it.
  const lostFunctions = schema.functions.filter(
    was => !now.functions.some(fn => fn.oid === was.oid && sameName(fn, was)),
  )
  const dependents = [
    ...gone.flatMap(table => dependentsOfTable(before, source, table)),
    ...lostColumns.flatMap(({ table, name }) => dependentsOfField(before, source, table, name)),
    ...lostFunctions.flatMap(fn => dependentsOfFunction(before, source, fn)),
  ].filter(dependent => dependent.is === 'function' || !isGone(dependent.table))
  const unforeseen = dependents.filter(dependent => !isLost(dependent, lostFunctions))
  if (unforeseen.length > 0 && !cascade)
    throw new RequestError(
      'dependency-error',
      '$.args',
      `cannot drop due to the following dependent objects: ${listed(unforeseen)}`,
    )
  dropDependents(draft, dependents)
  for (const table of gone) dropTable(draft, source, table)
  for (const fn of lostFunctions)
    removeFrom(sourceOf(draft, source).functions, each => sameName(each.function, fn))
  for (const { table, name } of lostColumns) forgetColumn(draft, source, table, name)
}

function isLost(dependent: Dependent, functions: NameOf[]): boolean {
  return dependent.is === 'function' && functions.some(fn => sameName(fn, dependent.table))
}

/** What the table's own configuration says about a column. */
function forgetColumn(draft: Metadata, source: string, table: NameOf, column: string): void {
  const entry = sourceOf(draft, source).tables?.find(each => sameName(each.table, table))
  delete entry?.configuration?.column_config?.[column]
  delete entry?.configuration?.custom_column_names?.[column]
}

function checkTypes({ before, source }: Followed, was: TableNow, is: TableNow): void {
  for (const column of was.columns) {
    const found = is.columns.find(({ number }) => number === column.number)
    if (!found || found.type === column.type) continue
    const dependents = dependentsOfColumnType(before, source, was, column.name)
    if (dependents.length > 0)
      throw new RequestError(
        'dependency-error',
        '$.args',
        `cannot change type of column "${column.name}" in table "${shown(was)}" because of the following dependencies: ${listed(dependents)}`,
      )
  }
}

function carryNames({ draft, before, source }: Followed, was: TableNow, is: TableNow): void {
  for (const column of was.columns) {
    const found = is.columns.find(({ number }) => number === column.number)
    if (found && found.name !== column.name)
      renameColumn(draft, before, { source, table: was, from: column.name, to: found.name })
  }
  if (!sameName(was, is)) renameTable(draft, source, was, { schema: is.schema, name: is.name })
}

/** A tracked function is one function, and stays what it was tracked as. */
function checkFunctions({ before, schema, source }: Followed, now: Schema): void {
  const entry = before.metadata.sources.find(({ name }) => name === source)
  const tracked = (entry?.functions ?? []).map(each => each.function)
  const overloaded = new Set<string>()
  for (const was of schema.functions) {
    const same = now.functions.filter(fn => sameName(fn, was))
    const is = now.functions.find(({ oid }) => oid === was.oid)
    const field = computedBy(before, source, was)
    if (tracked.some(fn => sameName(fn, was))) {
      if (same.length > 1) overloaded.add(shown(was))
      else if (is && is.volatility !== was.volatility && is.volatility === 'v')
        throw new RequestError(
          'not-supported',
          '$.args',
          `type of function "${shown(was)}" is altered to "VOLATILE" which is not supported now`,
        )
    }
    if (field) {
      const subject = `associated with computed field ${field}`
      if (same.length > 1)
        throw new RequestError(
          'not-supported',
          '$.args',
          `The function "${shown(was)}" ${subject.replace('field ', 'field')} is being overloaded`,
        )
      if (is && is.volatility === 'v' && was.volatility !== 'v')
        throw new RequestError(
          'not-supported',
          '$.args',
          `The type of function "${shown(was)}" ${subject} is being altered to "VOLATILE"`,
        )
    }
  }
  if (overloaded.size > 0)
    throw new RequestError(
      'not-supported',
      '$.args',
      `the following tracked function(s) cannot be overloaded: ${[...overloaded].join(', ')}`,
    )
}

/** `"get_articles" of table "author"`, when a computed field calls the function. */
function computedBy({ metadata }: State, source: string, fn: NameOf): string | undefined {
  const entry = metadata.sources.find(({ name }) => name === source)
  for (const { table, computed_fields = [] } of entry?.tables ?? [])
    for (const { name, definition } of computed_fields)
      if (sameName(definition.function, fn))
        return `"${name}" of table "${shown(typeof table === 'string' ? { schema: 'public', name: table } : { schema: table.schema ?? 'public', name: table.name })}"`
  return undefined
}
