/** Which tables a plan reads or writes, so that a write finds the live queries it may change. */
import type { Insert, Mutation } from '../mutation/mutation.ts'
import type { RootPlan } from './plan.ts'

/** Tables as `schema.name`; `any` where a function is called, which may reach every table. */
export type Touched = { tables: Set<string>; any: boolean }

type Target = { schema: string; name: string }
const keyOf = ({ schema, name }: Target) => JSON.stringify([schema, name])

export function mayMeet(left: Touched, right: Touched): boolean {
  if (left.any || right.any) return true
  for (const table of left.tables) if (right.tables.has(table)) return true
  return false
}

export function tablesRead(roots: RootPlan[]): Touched {
  const touched: Touched = { tables: new Set(), any: false }
  walk(roots, touched, new Set())
  return touched
}

/** Every part of a plan that names a table says `is: 'table'`, every call `is: 'call'`. */
function walk(part: unknown, touched: Touched, seen: Set<object>): void {
  if (typeof part !== 'object' || part === null || seen.has(part)) return
  seen.add(part)
  if (isTable(part)) touched.tables.add(keyOf(part))
  if ('is' in part && part.is === 'call') touched.any = true
  for (const inner of Object.values(part)) walk(inner, touched, seen)
}

function isTable(part: object): part is Target {
  return 'is' in part && part.is === 'table' && 'schema' in part && 'name' in part
}

/** Triggers and cascades may write further: live queries on those tables follow at their next turn. */
export function tablesWritten(roots: RootPlan[]): Touched {
  const touched: Touched = { tables: new Set(), any: false }
  for (const root of roots) {
    if (root.is === 'mutation') addMutation(root.mutation, touched)
    // A function that writes.
    else if (root.is === 'query') touched.any = true
  }
  return touched
}

function addMutation(mutation: Mutation, touched: Touched): void {
  if (mutation.is === 'insert') addInsert(mutation.insert, touched)
  else if (mutation.is === 'update')
    for (const { table } of mutation.updates) touched.tables.add(keyOf(table))
  else touched.tables.add(keyOf(mutation.delete.table))
}

function addInsert(insert: Insert, touched: Touched): void {
  touched.tables.add(keyOf(insert.into))
  for (const { before, after } of insert.rows)
    for (const nested of [...before, ...after]) addInsert(nested.insert, touched)
}
