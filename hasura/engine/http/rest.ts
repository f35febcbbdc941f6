/**
 * `rest_endpoints.yaml`: URLs under /api/rest that run a stored query.
 *
 * Source: https://hasura.io/docs/2.0/restified/overview/
 */
import { type OperationDefinitionNode, parse, type TypeNode, type VariableDefinitionNode } from 'graphql'
import type { Engine } from '../engine.ts'
import { RequestError } from '../errors.ts'
import { exactNumber } from '../exact-json.ts'
import type { Metadata } from '../metadata-types.ts'
import type { Session } from '../session.ts'
import type { HttpAnswer, HttpRequest } from './serve.ts'

export type RestEndpoint = {
  url: string
  methods: string[]
  definition: { query: { collection_name: string; query_name: string } }
}

const prefix = '/api/rest/'

export async function serveRest(engine: Engine, session: Session, request: HttpRequest): Promise<HttpAnswer> {
  const [path = '', search] = request.url.split('?', 2)
  const segments = segmentsOf(path)
  if (!segments) return failure(400, new RequestError('bad-request', '$', 'the path is not well encoded'))
  const searchParams = new URLSearchParams(search)
  const metadata = engine.metadata()
  const found = endpointsOf(metadata).flatMap(endpoint => {
    const values = matched(endpoint.url, segments)
    return values ? [{ endpoint, values }] : []
  })
  const match = found.find(({ endpoint }) => endpoint.methods.includes(request.method))
  if (!match && found.length > 0) {
    const methods = found.flatMap(({ endpoint }) => endpoint.methods).toSorted()
    return failure(405, new RequestError('method-not-allowed', '$', `Allowed methods: ${methods.join(', ')}`))
  }
  const query = match && queryOf(metadata, match.endpoint)
  if (!match || query === undefined)
    return failure(404, new RequestError('not-found', '$', 'Endpoint not found'))
  try {
    const given = { ...bodyOf(request.body), ...Object.fromEntries(searchParams), ...match.values }
    const variables = coerced(query, given, new Set([...searchParams.keys(), ...Object.keys(match.values)]))
    return unwrapped(await engine.graphql({ body: { query, variables }, session }))
  } catch (cause) {
    if (!(cause instanceof RequestError)) throw cause
    return failure(400, cause)
  }
}

/** Undefined for `%zz`. */
function segmentsOf(path: string): string[] | undefined {
  try {
    return path.slice(prefix.length).split('/').map(decodeURIComponent)
  } catch {
    return undefined
  }
}

function endpointsOf({ rest_endpoints }: Metadata): RestEndpoint[] {
  return Array.isArray(rest_endpoints) ? rest_endpoints : []
}

/** `with_template/:first_name` against the segments of a path: the values of its names. */
function matched(url: string, segments: string[]): Record<string, string> | undefined {
  const parts = url.split('/')
  if (parts.length !== segments.length) return undefined
  const values: Record<string, string> = {}
  for (const [position, part] of parts.entries()) {
    const segment = segments[position] ?? ''
    if (part.startsWith(':')) values[part.slice(1)] = segment
    else if (part !== segment) return undefined
  }
  return values
}

export function queryOf(metadata: Metadata, { definition }: RestEndpoint): string | undefined {
  const { collection_name, query_name } = definition.query
  return metadata.query_collections
    ?.find(({ name }) => name === collection_name)
    ?.definition.queries.find(({ name }) => name === query_name)?.query
}

function bodyOf(body: unknown): Record<string, unknown> {
  return typeof body === 'object' && body !== null && !Array.isArray(body) ? { ...body } : {}
}

/** Text of the URL becomes what the variables are declared as; what no variable asks for is dropped. */
function coerced(query: string, given: Record<string, unknown>, texts: Set<string>): Record<string, unknown> {
  const operation = operationOf(query)
  const variables: Record<string, unknown> = {}
  for (const definition of operation?.variableDefinitions ?? []) {
    const name = definition.variable.name.value
    const value = given[name]
    if (value === undefined) {
      if (isRequired(definition))
        throw new RequestError(
          'validation-failed',
          '$',
          `expecting a value for non-nullable variable: "${name}"`,
        )
      continue
    }
    variables[name] =
      texts.has(name) && typeof value === 'string' ? fromText(value, namedType(definition.type)) : value
  }
  return variables
}

/** What cannot be read is listed as inconsistent; who asks for it is told as well. */
function operationOf(query: string): OperationDefinitionNode | undefined {
  try {
    const { definitions } = parse(query, { noLocation: true, maxTokens: 20_000 })
    return definitions.find(each => each.kind === 'OperationDefinition')
  } catch {
    throw new RequestError('validation-failed', '$', 'the query of this endpoint is not valid GraphQL')
  }
}

function isRequired({ type, defaultValue }: VariableDefinitionNode): boolean {
  return type.kind === 'NonNullType' && !defaultValue
}

function namedType(type: TypeNode): string {
  return type.kind === 'NamedType' ? type.name.value : namedType(type.type)
}

function fromText(text: string, type: string): unknown {
  switch (type) {
    case 'Int':
      if (/^-?\d+$/.test(text)) return Number(text)
      throw cannotCoerce(text, 'an Int')
    case 'Float':
      if (/^-?\d+(\.\d+)?([eE][+-]?\d+)?$/.test(text)) return exactNumber(text)
      throw cannotCoerce(text, 'a Float')
    case 'Boolean':
      // A name without a value switches on.
      if (text === '' || text === 'true') return true
      if (text === 'false') return false
      throw cannotCoerce(text, 'a Boolean')
    default:
      return text
  }
}

function cannotCoerce(text: string, type: string): RequestError {
  return new RequestError(
    'coercion-error',
    '$',
    `${JSON.stringify(text)} cannot be coerced into ${type} value`,
  )
}

/** REST answers the data itself, and errors by their status. */
function unwrapped({ body }: HttpAnswer): HttpAnswer {
  const answer = JSON.parse(body)
  if (answer.errors === undefined) return { status: 200, body: body.slice('{"data":'.length, -1) }
  const [{ message, extensions }] = answer.errors
  return failure(400, new RequestError(extensions.code, extensions.path, message))
}

export function failure(status: number, { path, message, code, internal }: RequestError): HttpAnswer {
  return { status, body: JSON.stringify({ path, error: message, code, internal }) }
}
