/** track_table, untrack_table and what is set for a whole table. */
import { RequestError } from '../errors.ts'
import {
  type Args,
  flag,
  isObject,
  list,
  type NameOf,
  object,
  objectArgs,
  sameName,
  sourceName,
  table,
  tableName,
  without,
} from '../metadata-api/arguments.ts'
import { dependentsOfTable, dropDependents, listed } from '../metadata-api/dependencies.ts'
import type { Metadata, TrackedTable } from '../metadata-types.ts'
import { shown } from '../model/building.ts'
import type { State } from '../state.ts'
import { type Edit, type Edited, removeFrom, sourceOf, tableObject, trackedTable } from './edit.ts'

export const tableEdits: Record<string, Edit> = {
  track_table: (draft, args) => track(draft, args),
  track_tables: (draft, args) => {
    const touched = list(args, 'tables').flatMap(item => track(draft, objectArgs(item)).touched ?? [])
    return { touched }
  },
  untrack_table: untrack,
  untrack_tables: (draft, args, before) => {
    for (const item of list(args, 'tables')) untrack(draft, objectArgs(item), before)
    return {}
  },
  set_table_is_enum: (draft, args) => {
    const { entry, source, name } = trackedTable(draft, args)
    if (args.is_enum === true) entry.is_enum = true
    else delete entry.is_enum
    return { touched: [tableObject(name, source.name)] }
  },
  set_table_customization: (draft, args) =>
    configured(draft, args, args.configuration === undefined ? {} : object(args, 'configuration')),
  /** The older spelling, without `configuration` around it. */
  set_table_custom_fields: (draft, args) =>
    configured(draft, args, {
      custom_root_fields: args.custom_root_fields ?? {},
      custom_column_names: args.custom_column_names ?? {},
    }),
  set_apollo_federation_config: () => {
    throw noFederation()
  },
}

function noFederation(): RequestError {
  return new RequestError('not-supported', '$.args', 'Apollo federation is not supported by this server')
}

/** `{schema, name}` or text is the table itself; otherwise it stands under `table`. */
function track(draft: Metadata, args: Args): Edited {
  const named = args.table !== undefined
  const name = named ? table(args) : tableName(args, '$')
  const source = sourceOf(draft, named ? sourceName(args) : 'default')
  source.tables ??= []
  if (source.tables.some(each => sameName(each.table, name)))
    throw new RequestError('already-tracked', '$.args', `view/table already tracked: "${shown(name)}"`)
  if (source.functions?.some(each => sameName(each.function, name)))
    throw new RequestError('not-supported', '$.args', `function with name "${shown(name)}" already exists`)
  if (isObject(args.apollo_federation_config)) throw noFederation()
  const entry: TrackedTable = without({
    table: name,
    is_enum: flag(args, 'is_enum') || undefined,
    configuration: isObject(args.configuration) ? args.configuration : undefined,
  })
  source.tables.push(entry)
  return { touched: [tableObject(name, source.name)] }
}

function untrack(draft: Metadata, args: Args, before: State): Edited {
  const name = table(args)
  const source = sourceOf(draft, sourceName(args))
  if (!source.tables?.some(each => sameName(each.table, name)))
    throw new RequestError('already-untracked', '$.args', `view/table already untracked: "${shown(name)}"`)
  const dependents = dependentsOfTable(before, source.name, name)
  if (dependents.length > 0 && !flag(args, 'cascade'))
    throw new RequestError(
      'dependency-error',
      '$.args',
      `cannot drop due to the following dependent objects: ${listed(dependents)}`,
    )
  dropDependents(draft, dependents)
  dropTable(draft, source.name, name)
  return {}
}

export function dropTable(draft: Metadata, source: string, name: NameOf): void {
  removeFrom(sourceOf(draft, source).tables, each => sameName(each.table, name))
}

function configured(draft: Metadata, args: Args, configuration: Record<string, unknown>): Edited {
  const { entry, source, name } = trackedTable(draft, args)
  const kept = without(
    configuration,
    ...Object.keys(configuration).filter(key => configuration[key] === null),
  )
  if (Object.keys(kept).length > 0) entry.configuration = kept
  else delete entry.configuration
  return { touched: [tableObject(name, source.name)] }
}
