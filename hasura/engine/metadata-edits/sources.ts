/** Databases: adding, changing, renaming and dropping them. */
import { RequestError } from '../errors.ts'
import { type Args, flag, isObject, object, text, without } from '../metadata-api/arguments.ts'
import type { Metadata, SourceMetadata } from '../metadata-types.ts'
import { alreadyExists, type Edit, type Edited, removeFrom, sourceOf } from './edit.ts'

export const sourceEdits: Record<string, Edit> = {
  add_source: (draft, args) => {
    const name = text(args, 'name')
    const configuration = object(args, 'configuration')
    const known = draft.sources.find(each => each.name === name)
    if (known && !flag(args, 'replace_configuration'))
      throw alreadyExists(`source with name "${name}" already exists`)
    if (known) Object.assign(known, { configuration }, customizationOf(args))
    else
      draft.sources.push({
        name,
        kind: 'postgres',
        tables: [],
        configuration,
        ...customizationOf(args),
      })
    return touchedSource(name)
  },
  update_source: (draft, args) => {
    const source = sourceOf(draft, text(args, 'name'))
    Object.assign(source, without({ configuration: args.configuration }), customizationOf(args))
    return touchedSource(source.name)
  },
  drop_source: (draft, args, before) => {
    const name = text(args, 'name')
    sourceOf(draft, name)
    const dependents = pointingTo(before.metadata, name)
    if (dependents.length > 0 && !flag(args, 'cascade'))
      throw new RequestError(
        'dependency-error',
        '$.args',
        `cannot drop due to the following dependent objects: ${dependents.join(', ')}`,
      )
    removeFrom(draft.sources, each => each.name === name)
    for (const table of draft.sources.flatMap(({ tables = [] }) => tables)) {
      const kept = table.remote_relationships?.filter(each => targetSource(each) !== name)
      if (kept?.length) table.remote_relationships = kept
      else delete table.remote_relationships
    }
    return {}
  },
  rename_source: (draft, args) => {
    const source = sourceOf(draft, text(args, 'name'))
    const name = text(args, 'new_name')
    if (draft.sources.some(each => each.name === name))
      throw alreadyExists(`source with name "${name}" already exists`)
    for (const relationship of remoteRelationships(draft))
      if (targetSource(relationship) === source.name) renameTarget(relationship, name)
    source.name = name
    return {}
  },
}

function touchedSource(name: string): Edited {
  return { touched: [{ type: 'source', name: `source ${name}` }] }
}

function customizationOf({ customization }: Args): Pick<SourceMetadata, 'customization'> {
  return isObject(customization) && Object.keys(customization).length > 0 ? { customization } : {}
}

function remoteRelationships({ sources }: Metadata): unknown[] {
  return sources.flatMap(({ tables = [] }) => tables.flatMap(table => table.remote_relationships ?? []))
}

function targetSource(relationship: unknown): unknown {
  const definition = isObject(relationship) ? relationship.definition : undefined
  const target = isObject(definition) ? definition.to_source : undefined
  return isObject(target) ? target.source : undefined
}

function renameTarget(relationship: unknown, name: string): void {
  if (!isObject(relationship) || !isObject(relationship.definition)) return
  const { to_source: target } = relationship.definition
  if (isObject(target)) target.source = name
}

function pointingTo(metadata: Metadata, name: string): string[] {
  return metadata.sources
    .filter(source => source.name !== name)
    .flatMap(source =>
      (source.tables ?? []).flatMap(({ table, remote_relationships = [] }) =>
        remote_relationships
          .filter(each => targetSource(each) === name)
          .map(each => {
            const shownTable = typeof table === 'string' ? table : table.name
            const field = isObject(each) ? each.name : ''
            return `remote relationship ${shownTable}.${field} in source "${source.name}"`
          }),
      ),
    )
}
