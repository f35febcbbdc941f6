/** Query collections, the allow-list, REST endpoints. */
import { OperationTypeNode, parse } from 'graphql'
import { RequestError } from '../errors.ts'
import {
  type Args,
  flag,
  list,
  object,
  objectArgs,
  optionalText,
  parseFailed,
  text,
} from '../metadata-api/arguments.ts'
import type { Metadata } from '../metadata-types.ts'
import { alreadyExists, type Edit, notExists, removeFrom } from './edit.ts'

export type RestEndpointMetadata = {
  name: string
  url: string
  methods: string[]
  definition: { query: { collection_name: string; query_name: string } }
  comment?: string | null
}

export const collectionEdits: Record<string, Edit> = {
  create_query_collection: (draft, args) => {
    const name = text(args, 'name')
    if (draft.query_collections?.some(each => each.name === name))
      throw alreadyExists(`query collection with name "${name}" already exists`)
    const queries = list(object(args, 'definition'), 'queries', '$.definition').map((item, position) => {
      const path = `$.definition.queries[${position}]`
      const query = objectArgs(item)
      return { name: text(query, 'name', path), query: readable(text(query, 'query', path), path) }
    })
    checkDistinct(queries.map(query => query.name))
    const comment = optionalText(args, 'comment')
    draft.query_collections = [
      ...(draft.query_collections ?? []),
      { name, definition: { queries }, ...(comment === null ? {} : { comment }) },
    ]
    return {}
  },
  drop_query_collection: (draft, args) => {
    const name = text(args, 'collection')
    const { definition } = collectionOf(draft, name)
    const listed = draft.allowlist?.some(each => each.collection === name)
    if (listed && !flag(args, 'cascade'))
      throw new RequestError(
        'dependency-error',
        '$.args',
        `query collection with name "${name}" is present in the allowlist; cannot proceed to drop`,
      )
    for (const { name: query } of definition.queries) checkUnused(draft, name, query)
    removeFrom(draft.allowlist, each => each.collection === name)
    removeFrom(draft.query_collections, each => each.name === name)
    return {}
  },
  rename_query_collection: (draft, args) => {
    const [from, to] = [text(args, 'name'), text(args, 'new_name')]
    const collection = collectionOf(draft, from)
    if (draft.query_collections?.some(each => each.name === to))
      throw alreadyExists(`query collection with name "${to}" already exists`)
    collection.name = to
    for (const entry of draft.allowlist ?? []) if (entry.collection === from) entry.collection = to
    for (const { definition } of endpointsOf(draft))
      if (definition.query.collection_name === from) definition.query.collection_name = to
    return {}
  },
  add_query_to_collection: (draft, args) => {
    const collection = text(args, 'collection_name')
    const { queries } = collectionOf(draft, collection).definition
    const name = text(args, 'query_name')
    if (queries.some(each => each.name === name))
      throw alreadyExists(`query with name "${name}" already exists in collection "${collection}"`)
    queries.push({ name, query: readable(text(args, 'query'), '$.query') })
    return {}
  },
  drop_query_from_collection: (draft, args) => {
    const collection = text(args, 'collection_name')
    const { queries } = collectionOf(draft, collection).definition
    const name = text(args, 'query_name')
    checkUnused(draft, collection, name)
    if (!removeFrom(queries, each => each.name === name))
      throw notExists(`query with name "${name}" not found in collection "${collection}"`)
    return {}
  },
  add_collection_to_allowlist: (draft, args) => {
    const collection = text(args, 'collection')
    const scope = scopeOf(args) ?? { global: true }
    collectionOf(draft, collection)
    const known = draft.allowlist?.find(each => each.collection === collection)
    if (!known) draft.allowlist = [...(draft.allowlist ?? []), { collection, scope }]
    else if (JSON.stringify(known.scope ?? { global: true }) !== JSON.stringify(scope))
      throw alreadyExists(`collection "${collection}" already exists in the allowlist with a different scope`)
    return {}
  },
  drop_collection_from_allowlist: (draft, args) => {
    const collection = text(args, 'collection')
    if (!removeFrom(draft.allowlist, each => each.collection === collection)) throw notAllowed(collection)
    if (draft.allowlist?.length === 0) delete draft.allowlist
    return {}
  },
  update_scope_of_collection_in_allowlist: (draft, args) => {
    const collection = text(args, 'collection')
    const scope = scopeOf(args)
    if (!scope) throw parseFailed('$', 'key "scope" not found')
    const known = draft.allowlist?.find(each => each.collection === collection)
    if (!known) throw notAllowed(collection)
    known.scope = scope
    return {}
  },
  create_rest_endpoint: (draft, args) => {
    const endpoint = endpointOf(args)
    if (endpointsOf(draft).some(({ name }) => name === endpoint.name))
      throw alreadyExists(`Endpoint with name: ${endpoint.name} already exists`)
    checkUrls(endpoint, endpointsOf(draft))
    checkEndpointQuery(draft, endpoint)
    draft.rest_endpoints = [...endpointsOf(draft), endpoint]
    return { touched: [{ type: 'rest_endpoint', name: `rest_endpoint ${endpoint.name}` }] }
  },
  drop_rest_endpoint: (draft, args) => {
    const name = text(args, 'name')
    const endpoints = endpointsOf(draft)
    if (!removeFrom(endpoints, each => each.name === name))
      throw notExists(`Endpoint with name '${name}' not found`)
    if (endpoints.length === 0) delete draft.rest_endpoints
    return {}
  },
}

export function endpointsOf({ rest_endpoints }: Metadata): RestEndpointMetadata[] {
  return Array.isArray(rest_endpoints) ? rest_endpoints : []
}

function collectionOf(draft: Metadata, name: string) {
  const found = draft.query_collections?.find(each => each.name === name)
  if (!found) throw notExists(`query collection with name "${name}" does not exist`)
  return found
}

function notAllowed(collection: string): RequestError {
  return new RequestError('not-found', '$.args', `collection "${collection}" doesn't exist in the allowlist`)
}

function checkDistinct(names: string[]): void {
  const repeated = names.filter((name, position) => names.indexOf(name) !== position)
  if (repeated.length > 0)
    throw parseFailed(
      '$.definition.queries',
      `found duplicate query names ${repeated.map(name => JSON.stringify(name)).join(', ')}`,
    )
}

function readable(query: string, path: string): string {
  try {
    parse(query, { noLocation: true, maxTokens: 20_000 })
    return query
  } catch {
    throw parseFailed(path.endsWith('.query') ? path : `${path}.query`, 'not a valid GraphQL query')
  }
}

/** An endpoint would have nothing left to run. */
function checkUnused(draft: Metadata, collection: string, query: string): void {
  const using = endpointsOf(draft).filter(
    ({ definition }) =>
      definition.query.collection_name === collection && definition.query.query_name === query,
  )
  if (using.length > 0)
    throw new RequestError(
      'dependency-error',
      '$.args',
      `query "${query}" is used by the following REST endpoints: ${using.map(({ name }) => name).join(', ')}`,
    )
}

type Scope = { global: boolean; roles?: string[] }

function scopeOf(args: Args): Scope | undefined {
  if (args.scope === undefined) return undefined
  const scope = object(args, 'scope')
  if (scope.global === undefined) throw parseFailed('$.scope', 'key "global" not found')
  if (scope.global === true) {
    if (scope.roles !== undefined) throw parseFailed('$.scope', 'roles are not allowed when global is true')
    return { global: true }
  }
  const roles = list(scope, 'roles', '$.scope').map(String)
  if (roles.length === 0) throw parseFailed('$.scope.roles', 'parsing NonEmpty failed, unexpected empty list')
  const repeated = roles.filter((role, position) => roles.indexOf(role) !== position)
  if (repeated.length > 0)
    throw parseFailed('$.scope', `duplicate roles: ${[...new Set(repeated)].join(', ')}`)
  return { global: false, roles }
}

function endpointOf(args: Args): RestEndpointMetadata {
  const query = object(object(args, 'definition'), 'query', '$.definition')
  const endpoint = {
    name: text(args, 'name'),
    url: text(args, 'url'),
    methods: list(args, 'methods').map(method => String(method).toUpperCase()),
    definition: {
      query: {
        collection_name: text(query, 'collection_name', '$.definition.query'),
        query_name: text(query, 'query_name', '$.definition.query'),
      },
    },
    comment: optionalText(args, 'comment'),
  }
  return endpoint
}

/** A URL leads to one endpoint, and each of its variables has one name. */
function checkUrls(endpoint: RestEndpointMetadata, others: RestEndpointMetadata[]): void {
  const refused = (message: string) => new RequestError('invalid-configuration', '$.args', message)
  const parts = endpoint.url.split('/')
  if (parts.some(part => part === '' || part === ':'))
    throw refused(`Empty segments or unnamed variables are not allowed: ${endpoint.url}`)
  const variables = parts.filter(part => part.startsWith(':'))
  if (new Set(variables).size < variables.length)
    throw refused(`Duplicate variables found in endpoint path: ${endpoint.url}`)
  const met = others.filter(other => meet(endpoint, other)).map(({ url }) => url)
  if (met.length > 0) throw refused(`Ambiguous URL paths: ${[endpoint.url, ...met].toSorted().join(', ')}`)
}

function meet(left: RestEndpointMetadata, right: RestEndpointMetadata): boolean {
  const [one, other] = [left.url.split('/'), right.url.split('/')]
  if (one.length !== other.length || !left.methods.some(method => right.methods.includes(method)))
    return false
  return one.every((part, at) => part.startsWith(':') || other[at]?.startsWith(':') || part === other[at])
}

function checkEndpointQuery(draft: Metadata, { name, definition }: RestEndpointMetadata): void {
  const { collection_name, query_name } = definition.query
  const query = collectionOf(draft, collection_name).definition.queries.find(each => each.name === query_name)
  if (!query)
    throw notExists(`query with name "${query_name}" does not exist in collection "${collection_name}"`)
  const operations = parse(query.query, { noLocation: true }).definitions.filter(
    each => each.kind === 'OperationDefinition',
  )
  if (operations.some(({ operation }) => operation === OperationTypeNode.SUBSCRIPTION))
    throw new RequestError(
      'invalid-configuration',
      '$.args',
      `Inconsistent object: in endpoint ${name}: query with name ${query_name} is a subscription`,
    )
}
