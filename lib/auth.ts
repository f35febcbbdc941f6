/**
 * Who is calling: every service verifies the gateway's token again, with the keys that gateway/auth publishes.
 * Routes are closed by default: `config: { public: true }` opens one, `config: { scope: 'core:read' }` asks for a scope.
 */
import { hash } from 'node:crypto'
import fastifyJwt, { type TokenOrHeader } from '@fastify/jwt'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { createConnectionMemo } from './connection-memo.ts'
import { type Problem, problem } from './errors.ts'
import {
  createPublishedKeys,
  type JwksSource,
  type PublishedKeys,
  tokenAlgorithms,
} from './published-keys.ts'

export type { Jwk, JwksSource } from './published-keys.ts'

export const tokenIssuer = 'glimmr'
export const tokenAudience = 'glimmr'
/** Longer ones are refused before anything is made of them. */
export const maxTokenBytes = 8192

export type Identity = {
  /** `key:<uuid>` of the API key behind the token, or `<issuer>:<subject>` of a user of an external issuer. */
  subject: string
  organisation: string
  roles: string[]
  scopes: string[]
}

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

/** Adds the check to every route that is registered on `app`; `scope` is asked for by routes that name none. */
export async function registerAuth(
  app: FastifyInstance,
  jwks: JwksSource,
  { scope: usualScope }: { scope?: string | undefined } = {},
): Promise<void> {
  const keys = createPublishedKeys(jwks)
  await app.register(fastifyJwt, {
    decode: { complete: true },
    secret: (_request: FastifyRequest, token: TokenOrHeader) => keyFor(keys, token),
    verify: {
      complete: true,
      algorithms: [...tokenAlgorithms],
      allowedIss: tokenIssuer,
      allowedAud: tokenAudience,
      requiredClaims: ['iss', 'aud', 'exp', 'sub', 'org'],
    },
  })
  app.decorateRequest('identity', null)
  const identify = createIdentify(keys)
  // Not async: a token that is known costs no promise.
  app.addHook('onRequest', (request, _reply, done) => {
    const { public: open, scope = usualScope } = request.routeOptions.config
    if (open || request.is404) return done()
    const admit = (identity: Identity): Problem | undefined => {
      request.identity = identity
      return scope ? missingScope(identity, scope) : undefined
    }
    const identity = identify(request)
    if (identity instanceof Promise) identity.then(found => done(admit(found)), done)
    else done(admit(identity))
  })
}

/** The key is ours, found by its id alone; the token's `alg` must be the one that this key is for. */
async function keyFor(keys: PublishedKeys, token: TokenOrHeader): Promise<string> {
  const { kid, alg } = 'header' in token ? token.header : token
  const { algorithm, pem } = await keys.find(typeof kid === 'string' ? kid : undefined)
  if (alg !== algorithm) throw new Error(`the token says ${alg}, but its key is for ${algorithm}`)
  return pem
}

type Complete = { payload: Record<string, unknown>; header: { kid: string } }
type Verified = { identity: Identity; kid: string; expiresAtMs: number }

const maxVerified = 5_000

/**
 * A token is verified once and then known until it ends or its key is no longer published: the gateway sends the same one
 * for minutes. By hash, so that a heap dump shows no token that still works.
 */
function createIdentify(keys: PublishedKeys): (request: FastifyRequest) => Identity | Promise<Identity> {
  const known = new Map<string, Verified>()
  const shown = createConnectionMemo<Verified>()
  const isGood = (verified: Verified | undefined): verified is Verified =>
    verified !== undefined && verified.expiresAtMs > Date.now() && keys.has(verified.kid)
  const verifyAnew = async (request: FastifyRequest, index: string): Promise<Verified> => {
    known.delete(index)
    const verified = await verify(request)
    if (known.size >= maxVerified) known.delete(known.keys().next().value ?? '')
    known.set(index, verified)
    return verified
  }
  return request => {
    const { authorization = '' } = request.headers
    const { socket } = request.raw
    const before = shown.get(socket, authorization)
    if (isGood(before)) return before.identity
    if (authorization.length > maxTokenBytes) return Promise.reject(unauthorized('the token is too long'))
    const remember = (verified: Verified): Identity => {
      shown.set(socket, authorization, verified)
      return verified.identity
    }
    const index = hash('sha256', authorization, 'base64')
    const found = known.get(index)
    return isGood(found) ? remember(found) : verifyAnew(request, index).then(remember)
  }
}

async function verify(request: FastifyRequest): Promise<Verified> {
  try {
    const { payload, header } = await request.jwtVerify<Complete>()
    return { identity: identityIn(payload), kid: header.kid, expiresAtMs: Number(payload.exp) * 1000 }
  } catch (cause) {
    throw unauthorized(cause instanceof Error ? cause.message : 'no token', cause)
  }
}

function identityIn({ sub, org, roles, scopes }: Record<string, unknown>): Identity {
  if (typeof sub !== 'string' || typeof org !== 'string' || !isTexts(roles) || !isTexts(scopes))
    throw new Error('the token does not say who its bearer is')
  return { subject: sub, organisation: org, roles, scopes }
}

function isTexts(value: unknown): value is string[] {
  return Array.isArray(value) && value.every(item => typeof item === 'string')
}

function unauthorized(why: string, cause?: unknown) {
  return problem(401, `This needs a valid access token: ${why}`, {
    cause,
    headers: { 'www-authenticate': 'Bearer' },
  })
}

/** The caller of a route that is not public. */
export function identityOf(request: FastifyRequest): Identity {
  if (!request.identity)
    throw problem(401, 'This needs an access token', { headers: { 'www-authenticate': 'Bearer' } })
  return request.identity
}

export function requireScope(identity: Identity, scope: string): void {
  const missing = missingScope(identity, scope)
  if (missing) throw missing
}

function missingScope({ scopes }: Identity, scope: string): Problem | undefined {
  if (scopes.includes(scope)) return undefined
  return problem(403, `This needs the scope ${scope}; the key has ${scopes.join(', ') || 'none'}`)
}
