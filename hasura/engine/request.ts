/** The body of a GraphQL request. */
import { RequestError } from './errors.ts'

export type GraphqlRequest = {
  query: string
  operationName: string | undefined
  variables: Readonly<Record<string, unknown>>
}

export function readRequest(body: unknown): GraphqlRequest {
  if (!isObject(body))
    throw badRequest('parsing GQLReq failed, expected Object, but encountered something else')
  const { query, operationName, variables, extensions } = body
  if (isObject(extensions) && 'persistedQuery' in extensions)
    throw new RequestError('not-supported', '$', 'Automatic Persisted Queries is not enabled')
  if (typeof query !== 'string') throw badRequest('the key "query" was not present')
  if (operationName !== undefined && operationName !== null && typeof operationName !== 'string')
    throw badRequest('parsing the key "operationName" failed, expected String')
  if (variables !== undefined && variables !== null && !isObject(variables))
    throw badRequest('parsing the key "variables" failed, expected Object')
  return { query, operationName: operationName || undefined, variables: variables ?? {} }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function badRequest(message: string): RequestError {
  return new RequestError('parse-failed', '$', message)
}
