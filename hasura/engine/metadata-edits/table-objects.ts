/**
 * What a table's metadata holds in lists: permissions by role; relationships, computed fields and event triggers by name.
 * All are made and dropped in the same steps. A description says what differs: how its arguments are read, when there may
 * be none of that name, what is said where there is none.
 */
import type { RequestError } from '../errors.ts'
import { type Args, type NameOf, text } from '../metadata-api/arguments.ts'
import type { Metadata, SourceMetadata, TrackedTable } from '../metadata-types.ts'
import type { State } from '../state.ts'
import { type Edit, inTable, removeFrom, trackedTable } from './edit.ts'

export type Lists =
  | `${'object' | 'array' | 'remote'}_relationships`
  | `${'select' | 'insert' | 'update' | 'delete'}_permissions`
  | 'computed_fields'
  | 'event_triggers'
export type Found = { source: SourceMetadata; entry: TrackedTable; name: NameOf }
export type TableObject = {
  /** As inconsistencies name it: `select_permission`. */
  type: string
  list: Lists
  /** The argument that names it, and its key in the list. */
  by: 'name' | 'role'
  /** Throws for arguments that say nothing sound; looks at nothing else. */
  read(args: Args, key: string): object
  /** Why there may be no such object, or undefined. What has the same key then gives way. */
  refused(found: Found, key: string, args: Args): RequestError | undefined
  missing(found: Found, key: string): RequestError
  /** Where the path of an unknown table points. */
  tablePath?: string
  /** Refuses to drop what others stand on, or drops these too. */
  beforeDrop?(draft: Metadata, before: State, dropped: Found & { key: string; args: Args }): void
}

export function createObject(object: TableObject): Edit {
  return (draft, args) => {
    const key = text(args, object.by)
    const item = object.read(args, key)
    const found = trackedTable(draft, args, object.tablePath)
    const refused = object.refused(found, key, args)
    if (refused) throw refused
    put(found.entry, object, { ...item, [object.by]: key })
    return { touched: [inTable(object.type, key, found.name, found.source.name)] }
  }
}

export function dropObject(object: TableObject): Edit {
  return (draft, args, before) => {
    const key = text(args, object.by)
    const found = trackedTable(draft, args, object.tablePath)
    if (!objectOf(found.entry, object, key)) throw object.missing(found, key)
    object.beforeDrop?.(draft, before, { ...found, key, args })
    takeOut(found.entry, object, key)
    return {}
  }
}

type Place = Pick<TableObject, 'list' | 'by'>
type Item = { name?: unknown; role?: unknown; comment?: string | null }

function itemsOf(entry: TrackedTable, { list }: Place): Item[] {
  // Each list has items of its own kind; here only their keys matter.
  return (entry[list] ?? []) as Item[]
}

export function objectOf(entry: TrackedTable, place: Place, key: string): Item | undefined {
  return itemsOf(entry, place).find(each => each[place.by] === key)
}

/** In the place of what has the same key, or at the end. */
function put(entry: TrackedTable, place: Place, item: Item): void {
  const others = itemsOf(entry, place).filter(each => each[place.by] !== item[place.by])
  Object.assign(entry, { [place.list]: [...others, item] })
}

/** Whether there was one. */
export function takeOut(entry: TrackedTable, place: Place, key: string): boolean {
  const items = itemsOf(entry, place)
  const found = removeFrom(items, each => each[place.by] === key)
  if (items.length === 0) delete entry[place.list]
  return found
}
