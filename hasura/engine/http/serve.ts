/** Hasura's HTTP interface: who asks, which endpoint, what answers. Bodies come parsed, answers go as text. */
import type { Engine } from '../engine.ts'
import { errorBody, RequestError } from '../errors.ts'
import { type AuthOptions, authenticate } from './auth.ts'
import { serveExplain, serveSubscriptions } from './explain.ts'
import { failure, serveRest } from './rest.ts'

export type HttpRequest = {
  method: string
  url: string
  /** Names in lower case. */
  headers: Readonly<Record<string, string>>
  body: unknown
}
export type HttpAnswer = { status: number; body: string; headers?: Record<string, string | string[]> }

export type ServeOptions = { auth: AuthOptions }

export async function serve(
  engine: Engine,
  options: ServeOptions,
  request: HttpRequest,
): Promise<HttpAnswer> {
  const path = request.url.replace(/\?.*$/, '')
  const graphql = path === '/v1/graphql' || path === '/v1alpha1/graphql'
  try {
    const session = authenticate(options.auth, request.headers)
    if (graphql) return forPath(path, await engine.graphql({ body: request.body, session }))
    if (path === '/v1/graphql/explain') return await serveExplain(engine, session, request.body)
    if (path === '/dev/subscriptions' || path === '/dev/subscriptions/extended')
      return serveSubscriptions(engine, session)
    if (path.startsWith('/api/rest/')) return await serveRest(engine, session, request)
    return failure(404, new RequestError('not-found', '$', 'resource does not exist'))
  } catch (cause) {
    if (!(cause instanceof RequestError)) throw cause
    return graphql ? forPath(path, { status: 200, body: errorBody(cause, false) }) : failure(400, cause)
  }
}

/** The older path tells errors by its status. */
function forPath(path: string, answer: HttpAnswer): HttpAnswer {
  return path === '/v1alpha1/graphql' && answer.body.startsWith('{"errors"')
    ? { ...answer, status: 400 }
    : answer
}
