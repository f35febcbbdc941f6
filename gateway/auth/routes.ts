/** The HTTP side of auth: the ForwardAuth endpoint, published keys, tokens for API keys, and the gateway's problems. */
import { problem, problemDocument, problemType } from '@glimmr/lib/errors'
import type { Server } from '@glimmr/lib/server'
import { spanEvent } from '@glimmr/lib/telemetry'
import { tokenRoute } from '@glimmr/lib/token-route'
import type { FastifyRequest } from 'fastify'
import type { ApiKeys } from './api-keys.ts'
import { requireChosen } from './chosen-organisation.ts'
import { type CredentialHeaders, credentialOf } from './credentials.ts'
import type { KeyRing } from './key-ring.ts'
import type { Principal } from './principal.ts'
import { challengeOf, Refusal, type RefusalReason } from './refusals.ts'
import { longestTokenSeconds, publishedSeconds } from './signing-keys.ts'
import type { Tokens } from './tokens.ts'
import type { Verify } from './verify.ts'

const open = { public: true }

export function serveVerify(app: Server, verify: Verify): void {
  app.get('/verify', { config: { ...open, quiet: true }, schema: { hide: true } }, async (request, reply) => {
    const { headers } = request
    const verdict = await verify({
      address: request.url,
      headers: repeated(request.raw.rawHeaders, headers),
      method: one(headers['x-forwarded-method']) ?? 'GET',
      uri: one(headers['x-forwarded-uri']) ?? '/',
      requestId: request.id,
      traceId: request.traceId,
    })
    return reply.code(verdict.status).headers(verdict.headers).serializer(String).send(verdict.body)
  })
}

function one(value: string | string[] | undefined): string | undefined {
  return Array.isArray(value) ? value[0] : value
}

/** node keeps the first of two Authorization headers: here the second must be seen as well. */
function repeated(raw: readonly string[], headers: Record<string, string | string[] | undefined>) {
  const count = (name: string) =>
    raw.filter((text, index) => index % 2 === 0 && text.toLowerCase() === name).length
  const twice = (name: string) => (count(name) > 1 ? [String(headers[name]), ''] : headers[name])
  return {
    ...headers,
    authorization: twice('authorization'),
    'x-api-key': twice('x-api-key'),
    'x-hasura-role': twice('x-hasura-role'),
    'x-organisation': twice('x-organisation'),
  }
}

/** Hasura takes its next look at the keys from Cache-Control. */
export function serveKeys(app: Server, keys: KeyRing): void {
  app.get('/.well-known/jwks.json', { config: open, schema: { hide: true } }, async (_request, reply) =>
    reply
      .header('cache-control', `public, max-age=${publishedSeconds}`)
      .type('application/json')
      .send(keys.jwks()),
  )
}

export type TokenRouteContext = {
  apiKeys: ApiKeys
  tokens: Tokens
  onRefused(reason: RefusalReason, headers: CredentialHeaders): void
}

/** An API key for a token of 15 minutes. A token is not enough: it could renew itself for ever. */
export function serveTokens(app: Server, { apiKeys, tokens, onRefused }: TokenRouteContext): void {
  const principalOf = async (headers: CredentialHeaders) => {
    try {
      const credential = credentialOf(headers)
      if (credential.kind === 'token')
        throw new Refusal('bad_credentials', { detail: 'A token is made from an API key (glm_…)' })
      const { principal } = await apiKeys.byKey(credential)
      requireChosen(headers, principal.organisation)
      return principal
    } catch (error) {
      if (!(error instanceof Refusal)) throw error
      onRefused(error.reason, headers)
      throw problem(error.status, error.message, { headers: challengeOf(error), cause: error })
    }
  }
  // Before the body: who may not have a token is told so, whatever else is wrong.
  const asking = new WeakMap<FastifyRequest, Principal>()
  const onRequest = async (request: FastifyRequest) => {
    asking.set(request, await principalOf(repeated(request.raw.rawHeaders, request.headers)))
  }
  app.post('/v1/core/tokens', { config: open, schema: tokenRoute, onRequest }, async (request, reply) => {
    const principal = asking.get(request)
    if (!principal) throw new Error('the hook has not run')
    const scopes = request.body?.scopes ?? principal.scopes
    const missing = scopes.filter(scope => !principal.scopes.includes(scope))
    if (missing.length > 0) throw problem(403, `The key does not have ${missing.join(', ')}`)
    reply.header('cache-control', 'no-store')
    return {
      access_token: await tokens.issue(principal, longestTokenSeconds, scopes),
      token_type: 'Bearer' as const,
      expires_in: longestTokenSeconds,
      scope: scopes.join(' '),
    }
  })
}

/** By status, as far as a status tells: what the router's own event (request/refusals.ts) says exactly. */
const reasons: Record<number, string> = {
  404: 'no_route',
  413: 'body_too_large',
  429: 'limit',
  502: 'server_unreachable',
  504: 'server_timeout',
}

const details: Record<number, string> = {
  404: 'There is nothing at this address',
  413: 'The body is too large: 1 MiB, of GraphQL 256 KiB, of a form 16 MiB. Files go to the store, by POST /v1/media/presign',
  429: 'Too many requests; wait and try again',
  502: 'The service does not answer; try again in a moment',
  504: 'The service took too long to answer',
}

/**
 * What the `errors` middleware of traefik/dynamic/middlewares.yml shows for the router's own refusals, and the answer
 * to unknown paths. `url` is the address that the client asked for. Retry-After: a token of the slowest limit takes
 * 1.2 seconds to come back.
 */
export function serveProblems(app: Server): void {
  app.all(
    '/problems/:status',
    {
      config: { ...open, quiet: true },
      schema: { hide: true },
      // Before the body: whatever was sent to an unknown path is not parsed.
      onRequest: async (request, reply) => {
        const { status: text } = request.params as { status: string }
        const status = /^[45]\d\d$/.test(text) ? Number(text) : 404
        const document = problemDocument(
          { status, detail: details[status] ?? 'The gateway refused the request', errors: undefined },
          {
            instance: askedPath(request.query, request.headers['x-replaced-path']),
            requestId: request.id,
            traceId: request.traceId,
          },
        )
        // In front of Traefik this is the one place where its refusals can say why.
        spanEvent('router.refused', { reason: reasons[status] ?? String(status) })
        if (status === 429) reply.header('retry-after', '2')
        return reply
          .code(status)
          .header('cache-control', 'no-store')
          .type(problemType)
          .serializer(JSON.stringify)
          .send(document)
      },
    },
    async () => undefined,
  )
}

function askedPath(query: unknown, replaced: string | string[] | undefined): string {
  const { url } = query as { url?: unknown }
  const asked = typeof url === 'string' ? URL.parse(url) : null
  if (asked) return asked.pathname
  return typeof replaced === 'string' ? replaced : ''
}
