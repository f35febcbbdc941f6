/**
 * `rest_endpoints.yaml`: URLs under /api/rest that run a stored query.
 *
 * Source: https://hasura.io/docs/2.0/restified/overview/
 */
import { type OperationDefinitionNode, parse, type TypeNode } from 'graphql'
import type { Engine, EngineAnswer } from '../engine.ts'
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
  const mark = request.url.indexOf('?')
  const path = mark < 0 ? request.url : request.url.slice(0, mark)
  const search = mark < 0 ? undefined : request.url.slice(mark + 1)
  const segments = segmentsOf(path)
  if (!segments) return failure(400, new RequestError('bad-request', '$', 'the path is not well encoded'))
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
    const variables = coerced(query, givenBy(search, request.body, match.values))
    const { headers, signal } = request
    const body = { query, variables }
    return unwrapped(await engine.graphql({ body, session, headers, ...(signal ? { signal } : {}) }))
  } catch (cause) {
    if (!(cause instanceof RequestError)) throw cause
    return failure(cause.status, cause)
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

type Given = { is: 'text'; text: string } | { is: 'json'; value: unknown }

/** By name: what the path says goes before the body, and that before what stands after the question mark. */
function givenBy(
  search: string | undefined,
  body: unknown,
  path: Record<string, string>,
): Map<string, Given> {
  const texts = (entries: Iterable<[string, string]>) =>
    [...entries].map(([name, text]): [string, Given] => [name, { is: 'text', text }])
  const values = Object.entries(bodyOf(body)).map(([name, value]): [string, Given] => [
    name,
    { is: 'json', value },
  ])
  const all = [...texts(new URLSearchParams(search)), ...values, ...texts(Object.entries(path))]
  // What cannot be a variable is none.
  return new Map(all.filter(([name]) => /^[_A-Za-z]\w*$/.test(name)))
}

/** Text of the URL becomes what the variables are declared as. */
function coerced(query: string, given: Map<string, Given>): Record<string, unknown> {
  const types = new Map(
    (operationOf(query)?.variableDefinitions ?? []).map(({ variable, type }) => [variable.name.value, type]),
  )
  const variables: Record<string, unknown> = {}
  for (const [name, found] of given) {
    const type = types.get(name)
    if (!type) throw new RequestError('bad-request', '$', `Unexpected variable ${name}`)
    const value = found.is === 'json' ? found.value : fromText(name, found.text, type)
    if (value !== undefined) variables[name] = value
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

const numbers = new Set(['Int', 'Float', 'Number', 'Double', 'float8', 'numeric'])
const flags = new Set(['Boolean', 'Bool'])

/** A name alone switches on, or says nothing. Numbers and truth values are read; all else is left to the variable's type. */
function fromText(name: string, text: string, type: TypeNode): unknown {
  const named = type.kind === 'NonNullType' ? type.type : type
  if (named.kind === 'ListType')
    throw new RequestError(
      'bad-request',
      '$',
      `List variables are not currently supported in URL or Query parameters. (Variable ${name}, with value ${JSON.stringify(text)})`,
    )
  const typeName = named.name.value
  if (text === '' && typeName === 'Boolean') return true
  if (text === '' && type.kind !== 'NonNullType') return undefined
  if (flags.has(typeName) && /^(true|false)$/.test(text)) return text === 'true'
  if (numbers.has(typeName) && /^-?\d+(\.\d+)?([eE][+-]?\d+)?$/.test(text)) return exactNumber(text)
  return text
}

/** REST answers the data itself, and errors by their status. */
function unwrapped({ body, error }: EngineAnswer): HttpAnswer {
  // The data may be long, and is not looked at.
  if (!error) return { status: 200, body: body.slice('{"data":'.length, -1) }
  const { code, path, message, status } = error
  return failure(status, new RequestError(code, path, message))
}

export function failure(status: number, { path, message, code, internal }: RequestError): HttpAnswer {
  return { status, body: JSON.stringify({ path, error: message, code, internal }) }
}
