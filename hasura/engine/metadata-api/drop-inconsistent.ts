/** drop_inconsistent_metadata: what cannot be served goes, and what then cannot be either. */

import { endpointsOf } from '../metadata-edits/collections.ts'
import { removeFrom } from '../metadata-edits/edit.ts'
import { cronTriggersOf } from '../metadata-edits/triggers.ts'
import type { Inconsistency, Metadata, TrackedTable } from '../metadata-types.ts'
import { isObject, sameName, tableName } from './arguments.ts'
import type { ApiContext } from './metadata-api.ts'
import { faults } from './whole.ts'

/** Dropping may leave something else without its ground; this many times is deeper than any chain. */
const mostRounds = 20

export async function dropInconsistent({ control, put }: ApiContext): Promise<unknown> {
  let state = control.current()
  for (let round = 0; round < mostRounds && faults(state).length > 0; round++) {
    const draft = structuredClone(state.metadata)
    for (const inconsistency of state.inconsistencies) drop(draft, inconsistency)
    state = await control.load(draft)
  }
  await put(state)
  return { message: 'success' }
}

function drop(draft: Metadata, { type, name: objectName, definition }: Inconsistency): void {
  if (!isObject(definition)) return
  if (type === 'query_collections') {
    dropQuery(draft, objectName)
    return
  }
  const name = typeof definition.name === 'string' ? definition.name : ''
  const named = (item: unknown) => isObject(item) && item.name === name
  if (type === 'table') {
    for (const source of draft.sources)
      if (objectName.endsWith(` in source ${source.name}`))
        removeFrom(source.tables, each => sameName(each.table, tableName(definition, '$')))
  } else if (type === 'function')
    for (const source of draft.sources)
      removeFrom(source.functions, each => sameName(each.function, tableName(definition, '$')))
  else if (type === 'source') removeFrom(draft.sources, each => each.name === name)
  else if (type === 'action') removeFrom(draft.actions, named)
  else if (type === 'inherited_role')
    removeFrom(draft.inherited_roles, each => each.role_name === definition.role_name)
  else if (type === 'rest_endpoint') draft.rest_endpoints = endpointsOf(draft).filter(each => !named(each))
  else if (type === 'cron_trigger') draft.cron_triggers = cronTriggersOf(draft).filter(each => !named(each))
  else if (definition.table !== undefined) dropOfTable(draft, type, definition)
}

/** The query, and the endpoints that answer it. */
function dropQuery(draft: Metadata, objectName: string): void {
  for (const { name: collection, definition } of draft.query_collections ?? [])
    removeFrom(definition.queries, ({ name }) => objectName === `query_collections ${name} in ${collection}`)
  draft.rest_endpoints = endpointsOf(draft).filter(({ definition: { query } }) =>
    draft.query_collections
      ?.find(({ name }) => name === query.collection_name)
      ?.definition.queries.some(({ name }) => name === query.query_name),
  )
}

function dropOfTable(draft: Metadata, type: string, definition: Record<string, unknown>): void {
  const source = draft.sources.find(each => each.name === definition.source)
  const entry = source?.tables?.find(each => sameName(each.table, tableName(definition.table, '$')))
  if (!entry) return
  const byName = (item: unknown) => isObject(item) && item.name === definition.name
  const byRole = (item: { role: string }) => item.role === definition.role
  const lists: Record<string, () => unknown> = {
    object_relation: () => removeFrom(entry.object_relationships, byName),
    array_relation: () => removeFrom(entry.array_relationships, byName),
    computed_field: () => removeFrom(entry.computed_fields, byName),
    remote_relationship: () => removeFrom(entry.remote_relationships, byName),
    event_trigger: () => removeFrom(entry.event_triggers, byName),
    select_permission: () => removeFrom<{ role: string }>(entry.select_permissions, byRole),
    insert_permission: () => removeFrom<{ role: string }>(entry.insert_permissions, byRole),
    update_permission: () => removeFrom<{ role: string }>(entry.update_permissions, byRole),
    delete_permission: () => removeFrom<{ role: string }>(entry.delete_permissions, byRole),
  }
  lists[type]?.()
  dropEmpty(entry)
}

function dropEmpty(entry: TrackedTable): void {
  for (const [key, value] of Object.entries(entry))
    if (Array.isArray(value) && value.length === 0) delete entry[key as keyof TrackedTable]
}
