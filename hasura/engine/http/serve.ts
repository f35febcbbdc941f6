/** Hasura's HTTP interface: who asks, which endpoint, what answers. Bodies come parsed, answers go as text. */
import { randomUUID } from 'node:crypto'
import type { Engine } from '../engine.ts'
import { errorBody, RequestError } from '../errors.ts'
import type { Door, MetadataApi } from '../metadata-api/metadata-api.ts'
import { admin } from '../model/role-permissions.ts'
import type { Session } from '../session.ts'
import { type Cors, preflight } from './cors.ts'
import { serveExplain, serveSubscriptions } from './explain.ts'
import { type Identified, type IdentifyOptions, identify } from './identify.ts'
import { type About, configuration, figures, version } from './information.ts'
import type { Log } from './log.ts'
import { openApi } from './open-api.ts'
import { logRequest, type Seen } from './request-log.ts'
import { failure, serveRest } from './rest.ts'

export type HttpRequest = {
  method: string
  url: string
  /** Names in lower case. */
  headers: Readonly<Record<string, string>>
  body: unknown
  /** The body as it came, when that is known. */
  text?: string
  /** Whether the body should have been JSON, and is not. */
  malformed?: boolean
  /** Of the client, as far as they are known. */
  ip?: string | undefined
  httpVersion?: string
  /** Aborted when the client goes away: what it asked of Postgres is cancelled. */
  signal?: AbortSignal
}
export type HttpAnswer = { status: number; body: string; headers?: Record<string, string | string[]> }

export type Api = 'graphql' | 'metadata' | 'config' | 'pgdump' | 'developer'

export type ServeOptions = {
  auth: IdentifyOptions
  /** Which parts are served; without it all but `developer`. */
  apis?: ReadonlySet<Api>
  /** Without it, `/v1/metadata`, `/v1/query` and `/v2/query` do not exist. */
  metadataApi?: MetadataApi
  cors?: Cors
  about?: About
  log?: Log | undefined
}

const standardApis: ReadonlySet<Api> = new Set(['graphql', 'metadata', 'config', 'pgdump'])

type Call = {
  engine: Engine
  options: ServeOptions
  request: HttpRequest
  session: Identified
  path: string
  seen: Seen
}
type Route = {
  api?: Api
  adminOnly?: boolean
  /** Served without a body, or with one that says nothing. */
  anyBody?: boolean
  run(call: Call): Promise<HttpAnswer> | HttpAnswer
}

const routes: Record<string, Route> = {
  'POST /v1/graphql': { api: 'graphql', run: graphql },
  'POST /v1alpha1/graphql': { api: 'graphql', run: graphql },
  'POST /v1/graphql/explain': {
    api: 'metadata',
    run: ({ engine, session, request }) => serveExplain(engine, session, request.body),
  },
  'POST /v1/metadata': { api: 'metadata', run: call => metadata(call, 'metadata') },
  'POST /v1/query': { api: 'metadata', run: call => metadata(call, 'query') },
  'POST /v2/query': { api: 'metadata', run: call => metadata(call, 'query') },
  'GET /v1alpha1/config': {
    api: 'config',
    adminOnly: true,
    run: ({ options }) =>
      json(configuration(options.about ?? { isAdminSecretSet: false, isAuthHookSet: false, jwt: [] })),
  },
  'POST /v1alpha1/pg_dump': { api: 'pgdump', adminOnly: true, run: notInstalled },
  'GET /dev/ekg': { api: 'developer', adminOnly: true, run: ({ engine }) => json(figures(engine)) },
  'GET /dev/plan_cache': { api: 'developer', adminOnly: true, run: ({ engine }) => json(figures(engine)) },
  'GET /dev/subscriptions': {
    api: 'developer',
    run: ({ engine, session }) => serveSubscriptions(engine, session),
  },
  'GET /dev/subscriptions/extended': {
    api: 'developer',
    run: ({ engine, session }) => serveSubscriptions(engine, session),
  },
  'GET /api/swagger/json': {
    api: 'metadata',
    adminOnly: true,
    run: ({ engine }) => json(openApi(engine.control.current())),
  },
}

const notServed: Record<string, string> = {
  '/v1beta1/relay': 'relay is not supported by this server',
}

export async function serve(
  engine: Engine,
  options: ServeOptions,
  request: HttpRequest,
): Promise<HttpAnswer> {
  const cors = options.cors?.(request.headers.origin) ?? {}
  if (request.method === 'OPTIONS')
    return {
      status: 204,
      body: '',
      headers: preflight(cors, request.headers['access-control-request-headers']),
    }
  const id = request.headers['x-request-id']?.slice(0, 200) ?? randomUUID()
  const began = performance.now()
  const seen: Seen = {}
  const answer = await answered(engine, options, { ...request, seen })
  if (options.log)
    logRequest(options.log, { id, request, answer, seen, seconds: (performance.now() - began) / 1000 })
  return { ...answer, headers: { ...cors, 'x-request-id': id, ...answer.headers } }
}

async function answered(
  engine: Engine,
  options: ServeOptions,
  { seen, ...request }: HttpRequest & { seen: Seen },
): Promise<HttpAnswer> {
  const path = request.url.replace(/\?.*$/, '')
  if (['/healthz', '/livez', '/hasura/healthz'].includes(path)) return health(engine, request.url)
  if (path === '/v1/version') return json({ server_type: 'ce', version })
  const route = routeOf(request.method, path)
  const apis = options.apis ?? standardApis
  const unknown = () => failure(404, new RequestError('not-found', '$', 'resource does not exist'))
  if (!route || (route.api && !apis.has(route.api))) return unknown()
  try {
    const session = await identify(options.auth, request)
    seen.session = session
    if (request.malformed && !route.anyBody)
      throw new RequestError('invalid-json', '$', 'Error in $: not a valid json value')
    if (route.adminOnly && session.role !== admin)
      throw new RequestError('access-denied', '$', 'restricted access : admin only')
    const answer = await route.run({ engine, options, request, session, path, seen })
    const { setCookies } = session
    return setCookies ? { ...answer, headers: { ...answer.headers, 'set-cookie': setCookies } } : answer
  } catch (cause) {
    if (!(cause instanceof RequestError)) throw cause
    seen.error = cause
    if (route.run !== graphql) return failure(cause.status, cause)
    return forPath(path, { status: 200, body: errorBody(cause, false) }, cause.status)
  }
}

function routeOf(method: string, path: string): Route | undefined {
  // With a method before it no path is a name that every object has.
  const found = routes[`${method} ${path}`]
  if (found) return found
  if (path.startsWith('/api/rest/'))
    return {
      api: 'graphql',
      anyBody: true,
      run: ({ engine, session, request }) => serveRest(engine, session, request),
    }
  const reason = Object.hasOwn(notServed, path) ? notServed[path] : undefined
  if (reason === undefined) return undefined
  return { run: () => Promise.reject(new RequestError('not-supported', '$', reason)) }
}

async function graphql({ engine, request, session, path, seen }: Call): Promise<HttpAnswer> {
  const { role, vars } = session
  const answer = await engine.graphql({
    body: request.body,
    session: { role, vars },
    headers: request.headers,
    ...(request.signal ? { signal: request.signal } : {}),
  })
  seen.answered = answer
  if (answer.error) seen.error = answer.error
  return forPath(path, { status: answer.status, body: answer.body }, answer.error?.status ?? 400)
}

/** The older path tells errors by its status. */
function forPath(path: string, answer: HttpAnswer, status: number): HttpAnswer {
  return path === '/v1alpha1/graphql' && answer.body.startsWith('{"errors"') ? { ...answer, status } : answer
}

async function metadata({ options, request, session }: Call, door: Door): Promise<HttpAnswer> {
  const { metadataApi } = options
  if (!metadataApi) return failure(404, new RequestError('not-found', '$', 'resource does not exist'))
  const { role, vars }: Session = session
  return json(await metadataApi.run({ body: request.body, session: { role, vars }, door }))
}

function notInstalled(): never {
  throw new RequestError(
    'not-supported',
    '$',
    'pg_dump is not part of this server; run it beside the database',
  )
}

/** `?strict=true`: what is inconsistent is a fault, not a warning. */
function health(engine: Engine, url: string): HttpAnswer {
  const sound = engine.inconsistencies().length === 0
  const strict = /[?&]strict=true(&|$)/.test(url)
  const told = strict ? 'ERROR' : 'WARN'
  return {
    status: strict && !sound ? 500 : 200,
    body: sound ? 'OK' : `${told}: inconsistent objects in schema`,
    headers: { 'content-type': 'text/plain; charset=utf-8' },
  }
}

function json(value: unknown): HttpAnswer {
  return { status: 200, body: JSON.stringify(value) }
}
