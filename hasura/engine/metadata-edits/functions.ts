/** Functions as root fields. */
import { RequestError } from '../errors.ts'
import {
  type Args,
  isObject,
  type NameOf,
  optionalText,
  parseFailed,
  sameName,
  sourceName,
  tableName,
  without,
} from '../metadata-api/arguments.ts'
import type { TrackedFunction } from '../metadata-types.ts'
import { shown } from '../model/building.ts'
import { type Edit, functionObject, notExists, removeFrom, sourceOf } from './edit.ts'
import { trackedFunction } from './permissions.ts'

export const functionEdits: Record<string, Edit> = {
  track_function: (draft, args) => {
    const { name, source: sourceGiven } = named(args)
    const source = sourceOf(draft, sourceGiven)
    if (source.functions?.some(each => sameName(each.function, name)))
      throw new RequestError('already-tracked', '$.args', `function already tracked: "${shown(name)}"`)
    if (source.tables?.some(each => sameName(each.table, name)))
      throw new RequestError('not-supported', '$.args', `table with name "${shown(name)}" already exists`)
    const entry: TrackedFunction = without({
      function: name,
      configuration: configurationOf(args),
      comment: optionalText(args, 'comment') ?? undefined,
    })
    source.functions = [...(source.functions ?? []), entry]
    return { touched: [functionObject(name, source.name)] }
  },
  untrack_function: (draft, args) => {
    const { name, source: sourceGiven } = named(args)
    const source = sourceOf(draft, sourceGiven)
    if (!removeFrom(source.functions, each => sameName(each.function, name)))
      throw new RequestError('already-untracked', '$.args', `function "${shown(name)}" does not exist`)
    return {}
  },
  set_function_customization: (draft, args) => {
    const { entry, source, name } = trackedFunction(draft, args)
    const configuration = configurationOf(args)
    if (configuration) entry.configuration = configuration
    else delete entry.configuration
    return { touched: [functionObject(name, source)] }
  },
}

/** The first version of the command names the function itself; the others have it under `function`. */
function named(args: Args): { name: NameOf; source: string } {
  if (args.function === undefined) {
    if (args.name === undefined) throw notExists('no function was named')
    return { name: tableName(args, '$'), source: sourceName(args) }
  }
  return { name: tableName(args.function, '$.function'), source: sourceName(args) }
}

function configurationOf({ configuration }: Args): TrackedFunction['configuration'] | undefined {
  if (!isObject(configuration) || Object.keys(configuration).length === 0) return undefined
  const roots = isObject(configuration.custom_root_fields) ? configuration.custom_root_fields : {}
  const names = Object.values(roots).filter(name => typeof name === 'string')
  if (new Set(names).size < names.length)
    throw parseFailed(
      '$.configuration.custom_root_fields',
      `the following custom root field names are duplicated: ${names.map(name => JSON.stringify(name)).join(' and ')}`,
    )
  return configuration
}
