/** Hasura's HTTP interface: who asks, which endpoint, what answers. Bodies come parsed, answers go as text. */
import type { Engine } from '../engine.ts'
import { errorBody, RequestError } from '../errors.ts'
import { type AuthOptions, authenticate } from './auth.ts'

export type HttpRequest = {
  method: string
  url: string
  /** Names in lower case. */
  headers: Readonly<Record<string, string>>
  body: unknown
}
export type HttpAnswer = { status: number; body: string }

export type ServeOptions = { auth: AuthOptions }

export async function serve(
  engine: Engine,
  options: ServeOptions,
  request: HttpRequest,
): Promise<HttpAnswer> {
  const path = request.url.replace(/\?.*$/, '')
  try {
    const session = authenticate(options.auth, request.headers)
    if (graphqlPaths.has(path)) return await engine.graphql({ body: request.body, session })
    return {
      status: 404,
      body: JSON.stringify({ path: '$', error: 'resource does not exist', code: 'not-found' }),
    }
  } catch (cause) {
    if (!(cause instanceof RequestError)) throw cause
    return { status: 200, body: errorBody(cause, false) }
  }
}

const graphqlPaths = new Set(['/v1/graphql', '/v1alpha1/graphql'])
