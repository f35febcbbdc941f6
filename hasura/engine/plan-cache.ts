/**
 * Remembers plans and their SQL, the least recently used forgotten first. The key holds everything a plan depends on:
 * role, document, the values of structural variables, and which of the other variables are given, or null.
 */
import type { Layout, Rooted } from './plan/members.ts'
import type { Plan, Selection, Value } from './plan/plan.ts'
import type { Touched } from './plan/touched.ts'
import type { Variables } from './plan/variables.ts'
import type { Statement } from './print/text.ts'
import type { Shape } from './subscribe/poller.ts'

/** A plan's SQL for one source, and the members it answers. */
export type Prepared = { source: string; ids: string[]; statement: Statement; name: string | undefined }
/** A subscription's SQL. `initial`: where its stream begins. */
export type PreparedLive = { shape: Shape; reads: Touched; initial: Value | undefined }
export type Remembered = {
  operation: OperationInfo
  /** The root fields, in order. */
  members: Rooted[]
  layout: Layout
  prepared: Prepared[]
  live?: PreparedLive
  /** Members in which there are rows of other sources. */
  apart?: { id: string; selection: Selection }[]
  /** Against which the values of each request are checked. */
  variables: Pick<Variables, 'definitions' | 'used'>
}
export type OperationInfo = {
  name: string | undefined
  type: Plan['operation']
  rootFields: string[]
}

type Entry = { structural: Set<string>; open: Set<string>; variants: Map<string, Remembered> }

export type PlanCache = {
  get(key: string, given: Readonly<Record<string, unknown>>): Remembered | undefined
  set(key: string, variables: Variables, remembered: Remembered): void
  clear(): void
}

/** Longer documents are planned anew each time. */
const longestKey = 50_000
const mostVariants = 50

export function createPlanCache(size: number): PlanCache {
  const entries = new Map<string, Entry>()
  let newest: string | undefined
  const touched = (key: string, entry: Entry) => {
    entries.delete(key)
    entries.set(key, entry)
    newest = key
  }
  return {
    get(key, given) {
      const entry = entries.get(key)
      if (!entry) return undefined
      if (key !== newest) touched(key, entry)
      return entry.variants.get(variantOf(entry, given))
    },
    set(key, variables, remembered) {
      if (key.length > longestKey) return
      const entry = entries.get(key) ?? { structural: new Set(), open: new Set(), variants: new Map() }
      for (const name of variables.structural) entry.structural.add(name)
      for (const name of variables.open) entry.open.add(name)
      const variant = variantOf(entry, variables.given)
      if (variant.length > longestKey) return
      entry.variants.set(variant, remembered)
      forgetOldest(entry.variants, mostVariants)
      touched(key, entry)
      forgetOldest(entries, size)
    },
    clear: () => entries.clear(),
  }
}

function forgetOldest<V>(map: Map<string, V>, size: number): void {
  for (const key of map.keys()) {
    if (map.size <= size) return
    map.delete(key)
  }
}

/** The names are part of it: a variant stored before a name was known to matter is not found any more. */
function variantOf({ structural, open }: Entry, given: Readonly<Record<string, unknown>>): string {
  if (structural.size === 0 && open.size === 0) return ''
  const values: unknown[] = []
  for (const name of structural) values.push(name, presence(given, name), given[name])
  for (const name of open) if (!structural.has(name)) values.push(name, presence(given, name))
  return JSON.stringify(values)
}

function presence(given: Readonly<Record<string, unknown>>, name: string): number {
  if (!Object.hasOwn(given, name) || given[name] === undefined) return 0
  return given[name] === null ? 1 : 2
}
