/**
 * The allow-list: where it is on, a role may only send queries of its collections; `__typename` and layout aside.
 *
 * Source: https://hasura.io/docs/2.0/security/allow-list/
 */
import { type DocumentNode, Kind, parse, print, visit } from 'graphql'
import { RequestError } from './errors.ts'
import type { Metadata } from './metadata-types.ts'
import { admin } from './model/role-permissions.ts'

export type AllowList = (role: string, query: string) => void

/**
 * Throws for what is not allowed. Admin may send anything. `byRole`: collections of some roles are in force as well, which
 * Hasura's Community edition passes over.
 */
export function createAllowList(
  { allowlist = [], query_collections = [] }: Metadata,
  byRole = true,
): AllowList {
  const collections = new Map(query_collections.map(({ name, definition }) => [name, definition.queries]))
  const inForce = byRole ? allowlist : allowlist.filter(({ scope }) => scope?.global !== false)
  const entries = inForce.map(({ collection, scope }) => ({
    roles: scope?.global === false ? new Set(scope.roles ?? []) : undefined,
    queries: new Set((collections.get(collection) ?? []).flatMap(({ query }) => normalised(query) ?? [])),
  }))
  return (role, query) => {
    if (role === admin) return
    const wanted = normalised(query)
    const allowed = entries.some(
      ({ roles, queries }) => (!roles || roles.has(role)) && wanted !== undefined && queries.has(wanted),
    )
    if (!allowed) throw new RequestError('validation-failed', '$', 'query is not allowed')
  }
}

function normalised(query: string): string | undefined {
  const document = readable(query)
  if (!document) return undefined
  return print(
    visit(document, {
      Field: node => (node.name.value === '__typename' && node.kind === Kind.FIELD ? null : undefined),
    }),
  )
}

function readable(query: string): DocumentNode | undefined {
  try {
    return parse(query, { noLocation: true, maxTokens: 20_000 })
  } catch {
    return undefined
  }
}
