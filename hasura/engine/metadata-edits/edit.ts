/** A command that changes metadata: it edits a draft, and says which objects have to be sound afterwards. */
import { RequestError } from '../errors.ts'
import { type Args, type NameOf, sameName, sourceName, table } from '../metadata-api/arguments.ts'
import type { Metadata, SourceMetadata, TrackedTable } from '../metadata-types.ts'
import { shown } from '../model/building.ts'
import type { State } from '../state.ts'

export type Touched = { type: string; name: string }
export type Edited = {
  /** If one of these is inconsistent after the change, the command is refused for that reason. */
  touched?: Touched[]
  answer?: unknown
}
/** Changes `draft`; `before` is what is in force. */
export type Edit = (draft: Metadata, args: Args, before: State) => Edited | Promise<Edited>

export function notExists(message: string, path = '$.args'): RequestError {
  return new RequestError('not-exists', path, message)
}
export function alreadyExists(message: string): RequestError {
  return new RequestError('already-exists', '$.args', message)
}

export function sourceOf(draft: Metadata, name: string): SourceMetadata {
  const source = draft.sources.find(each => each.name === name)
  if (!source) throw notExists(`source with name "${name}" does not exist`)
  return source
}

/** The tracked table that the arguments name. */
export function trackedTable(
  draft: Metadata,
  args: Args,
  path = '$.args',
): { source: SourceMetadata; entry: TrackedTable; name: NameOf } {
  const source = sourceOf(draft, sourceName(args))
  const name = table(args)
  const entry = source.tables?.find(each => sameName(each.table, name))
  if (!entry) throw notExists(`table "${shown(name)}" does not exist in source: ${source.name}`, path)
  return { source, entry, name }
}

export function inTable(kind: string, name: string, table: NameOf, source: string): Touched {
  return { type: kind, name: `${kind} ${name} in table ${shown(table)} in source ${source}` }
}
export function tableObject(table: NameOf, source: string): Touched {
  return { type: 'table', name: `table ${shown(table)} in source ${source}` }
}
export function functionObject(fn: NameOf, source: string): Touched {
  return { type: 'function', name: `function ${shown(fn)} in source ${source}` }
}

/** Takes what `matches` out of a list; whether there was something. */
export function removeFrom<T>(list: T[] | undefined, matches: (item: T) => boolean): boolean {
  const position = list?.findIndex(matches) ?? -1
  if (position < 0) return false
  list?.splice(position, 1)
  return true
}
