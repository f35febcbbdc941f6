/** Queries of collections that name fields which are not there, even for admin. */
import { type DocumentNode, Kind, parse, type SelectionSetNode } from 'graphql'
import { endpointsOf } from './metadata-edits/collections.ts'
import type { Inconsistency, Metadata } from './metadata-types.ts'
import type { RoleSchema } from './schema/role-schema.ts'
import { namedType, type ObjectType } from './schema/types.ts'

/** Of these, a query's REST endpoints are told as well. `schema` is admin's. */
export function collectionFaults(metadata: Metadata, schema: RoleSchema): Inconsistency[] {
  return (metadata.query_collections ?? []).flatMap(collection =>
    collection.definition.queries.flatMap(({ name, query }) => {
      const faults = queryFaults(schema, query)
      if (faults.length === 0) return []
      const users = endpointsOf(metadata).filter(
        ({ definition: { query: used } }) =>
          used.collection_name === collection.name && used.query_name === name,
      )
      const used =
        users.length === 0
          ? ''
          : `. This query is being used in the following REST endpoint(s): ${quoted(users.map(user => user.name))}`
      return {
        type: 'query_collections',
        name: `query_collections ${name} in ${collection.name}`,
        definition: { name, query },
        reason: `Inconsistent object: In query collection "${collection.name}" the query "${name}" is invalid with the following error(s): ${quoted(faults)}${used}`,
      }
    }),
  )
}

function quoted(names: string[]): string {
  return names.map(name => `"${name}"`).join(', ')
}

/** One line for each field that is not there: `$.author.age: field 'age' not found in object 'author'`. */
export function queryFaults(schema: RoleSchema, query: string): string[] {
  let document: DocumentNode
  try {
    document = parse(query, { noLocation: true, maxTokens: 20_000 })
  } catch (cause) {
    return [`$: ${cause instanceof Error ? cause.message : 'no GraphQL'}`]
  }
  return document.definitions.flatMap(definition => {
    if (definition.kind !== Kind.OPERATION_DEFINITION) return []
    const type = schema[definition.operation]
    if (!type) return [`$: there are no ${definition.operation} fields`]
    return faultsOf({ document, open: new Set() }, type, definition.selectionSet, '$')
  })
}

type Walk = { document: DocumentNode; open: ReadonlySet<string> }

function faultsOf(walk: Walk, type: ObjectType, set: SelectionSetNode, path: string): string[] {
  return set.selections.flatMap(selection => {
    if (selection.kind === Kind.INLINE_FRAGMENT) return faultsOf(walk, type, selection.selectionSet, path)
    const name = selection.name.value
    if (selection.kind === Kind.FRAGMENT_SPREAD) return fragmentFaults(walk, type, name, path)
    if (name.startsWith('__')) return []
    const here = `${path}.${name}`
    const field = type.find(name)
    if (!field) return [`${here}: field '${name}' not found in object '${type.name}'`]
    const inner = namedType(field.type)
    return inner.kind === 'OBJECT' && selection.selectionSet
      ? faultsOf(walk, inner, selection.selectionSet, here)
      : []
  })
}

/** A fragment may be about itself: it is opened once on the way. */
function fragmentFaults(walk: Walk, type: ObjectType, name: string, path: string): string[] {
  const fragment = walk.document.definitions.find(
    each => each.kind === Kind.FRAGMENT_DEFINITION && each.name.value === name,
  )
  if (fragment?.kind !== Kind.FRAGMENT_DEFINITION) return [`${path}: fragment '${name}' not found`]
  if (walk.open.has(name)) return []
  return faultsOf({ ...walk, open: new Set([...walk.open, name]) }, type, fragment.selectionSet, path)
}
