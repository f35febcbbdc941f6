/**
 * Who is calling: every service verifies the gateway's RS256 token again, with the keys that gateway/auth publishes.
 * Routes are closed by default: `config: { public: true }` opens one, `config: { scope: 'core:read' }` asks for a scope.
 */
import { createPublicKey, type JsonWebKey } from 'node:crypto'
import fastifyJwt, { type TokenOrHeader } from '@fastify/jwt'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { problem } from './errors.ts'

export const tokenIssuer = 'glimmr'
export const tokenAudience = 'glimmr'

export type Jwk = JsonWebKey & { kid?: string }
/** Gives the current JWKS (RFC 7517 §5): by HTTP, or by a call where gateway/auth is in the same process. */
export type JwksSource = () => Promise<{ keys: Jwk[] }>

export type Identity = {
  /** `key:<uuid>` of the API key behind the token. */
  subject: string
  organisation: string
  roles: string[]
  scopes: string[]
}

type Claims = { sub: string; org: string; roles: string[]; scopes: string[]; exp: number }

declare module 'fastify' {
  interface FastifyContextConfig {
    public?: boolean
    scope?: string
    /** No log line for each success: health checks and scrapes. */
    quiet?: boolean
  }
  interface FastifyRequest {
    identity: Identity | null
  }
}

/** Adds the check to every route that is registered on `app`. */
export async function registerAuth(app: FastifyInstance, jwks: JwksSource): Promise<void> {
  const keyOf = createKeyCache(jwks)
  await app.register(fastifyJwt, {
    decode: { complete: true },
    secret: async (_request: FastifyRequest, token: TokenOrHeader) => keyOf(kidOf(token)),
    verify: {
      algorithms: ['RS256'],
      allowedIss: tokenIssuer,
      allowedAud: tokenAudience,
      requiredClaims: ['exp', 'sub', 'org'],
    },
  })
  app.decorateRequest('identity', null)
  app.addHook('onRequest', async request => {
    const { public: open, scope } = request.routeOptions.config
    if (open || request.is404) return
    request.identity = await verified(request)
    if (scope) requireScope(request.identity, scope)
  })
}

function kidOf(token: TokenOrHeader): string | undefined {
  const { kid } = 'header' in token ? token.header : token
  return typeof kid === 'string' ? kid : undefined
}

async function verified(request: FastifyRequest): Promise<Identity> {
  try {
    const claims = await request.jwtVerify<Claims>()
    return { subject: claims.sub, organisation: claims.org, roles: claims.roles, scopes: claims.scopes }
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : 'no token'
    throw problem(401, `This needs a valid access token: ${why}`, {
      cause,
      headers: { 'www-authenticate': 'Bearer' },
    })
  }
}

/** The caller of a route that is not public. */
export function identityOf(request: FastifyRequest): Identity {
  if (!request.identity)
    throw problem(401, 'This needs an access token', { headers: { 'www-authenticate': 'Bearer' } })
  return request.identity
}

export function requireScope({ scopes }: Identity, scope: string): void {
  if (!scopes.includes(scope))
    throw problem(403, `This needs the scope ${scope}; the key has ${scopes.join(', ') || 'none'}`)
}

const freshMs = 300_000
const refetchMs = 5_000

/** Keys by id. An unknown id asks again (rotation), but at most every few seconds: ids come from the caller. */
function createKeyCache(jwks: JwksSource): (kid: string | undefined) => Promise<string> {
  let keys = new Map<string, string>()
  let fetchedAt = 0
  let fetching: Promise<void> | undefined
  const fetchKeys = async () => {
    try {
      const found = await jwks()
      keys = new Map(found.keys.map(key => [key.kid ?? '', pem(key)]))
      fetchedAt = Date.now()
    } finally {
      fetching = undefined
    }
  }
  return async kid => {
    const age = Date.now() - fetchedAt
    if (age > freshMs || (age > refetchMs && !keys.has(kid ?? ''))) {
      fetching ??= fetchKeys()
      // While the publisher is away the keys we know stay good.
      await fetching.catch(error => {
        if (keys.size === 0) throw error
      })
    }
    const key = keys.get(kid ?? '')
    if (!key) throw new Error('the token is signed with a key that is not published')
    return key
  }
}

function pem(key: Jwk): string {
  return createPublicKey({ key, format: 'jwk' }).export({ type: 'spki', format: 'pem' }).toString()
}
