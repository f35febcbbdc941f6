/** REST endpoints whose query names fields that are not there, even for admin. */
import { type DocumentNode, Kind, parse, type SelectionSetNode } from 'graphql'
import { endpointsOf } from '../metadata-edits/collections.ts'
import { admin } from '../model/role-permissions.ts'
import { namedType, type ObjectType } from '../schema/types.ts'
import type { State } from '../state.ts'

/** Their names. */
export function endpointFaults(state: State): string[] {
  return endpointsOf(state.metadata)
    .filter(({ definition }) => {
      const { collection_name, query_name } = definition.query
      const query = state.metadata.query_collections
        ?.find(({ name }) => name === collection_name)
        ?.definition.queries.find(({ name }) => name === query_name)?.query
      return query === undefined || !isSound(state, query)
    })
    .map(({ name }) => name)
}

function isSound(state: State, query: string): boolean {
  let document: DocumentNode
  try {
    document = parse(query, { noLocation: true, maxTokens: 20_000 })
  } catch {
    return false
  }
  const schema = state.schemaFor(admin, true)
  return document.definitions.every(definition => {
    if (definition.kind !== Kind.OPERATION_DEFINITION) return true
    const type = definition.operation === 'mutation' ? schema.mutation : schema.query
    return type !== undefined && hasAll(type, definition.selectionSet, document)
  })
}

function hasAll(type: ObjectType, set: SelectionSetNode, document: DocumentNode): boolean {
  return set.selections.every(selection => {
    if (selection.kind === Kind.INLINE_FRAGMENT) return hasAll(type, selection.selectionSet, document)
    // A fragment may be about itself: only its place is looked at.
    if (selection.kind === Kind.FRAGMENT_SPREAD)
      return document.definitions.some(
        each => each.kind === Kind.FRAGMENT_DEFINITION && each.name.value === selection.name.value,
      )
    if (selection.name.value.startsWith('__')) return true
    const field = type.find(selection.name.value)
    if (!field) return false
    const inner = namedType(field.type)
    return (
      inner.kind !== 'OBJECT' || !selection.selectionSet || hasAll(inner, selection.selectionSet, document)
    )
  })
}
