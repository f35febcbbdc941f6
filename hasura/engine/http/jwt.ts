/**
 * JSON web tokens as Hasura's `HASURA_GRAPHQL_JWT_SECRET` configures them.
 *
 * Source: https://hasura.io/docs/2.0/auth/authentication/jwt/ and RFC 7515, 7519
 */
import { createHmac, createPublicKey, type KeyObject, timingSafeEqual, verify } from 'node:crypto'
import { RequestError } from '../errors.ts'
import type { Session } from '../session.ts'
import { type ClaimsConfig, sessionClaims } from './claims.ts'

export type JwtConfig = ClaimsConfig & {
  type: string
  key: string
  audience?: string | string[]
  issuer?: string
  /** Seconds that clocks may differ by. */
  allowed_skew?: number
  header?: { type: 'Authorization' } | { type: 'Cookie' | 'CustomHeader'; name: string }
}

export type Headers = Readonly<Record<string, string>>
/** The session of a token that is good, or undefined when there is none. */
export type JwtCheck = (headers: Headers) => Session | undefined

type Algorithm = { hash: string | null; ecdsa?: boolean; hmac?: boolean; names: string[] }
const algorithms: Record<string, Algorithm> = {
  HS256: { hash: 'sha256', hmac: true, names: ['HS256'] },
  HS384: { hash: 'sha384', hmac: true, names: ['HS384'] },
  HS512: { hash: 'sha512', hmac: true, names: ['HS512'] },
  RS256: { hash: 'sha256', names: ['RS256'] },
  RS384: { hash: 'sha384', names: ['RS384'] },
  RS512: { hash: 'sha512', names: ['RS512'] },
  ES256: { hash: 'sha256', ecdsa: true, names: ['ES256'] },
  ES384: { hash: 'sha384', ecdsa: true, names: ['ES384'] },
  ES512: { hash: 'sha512', ecdsa: true, names: ['ES512'] },
  Ed25519: { hash: null, names: ['EdDSA', 'Ed25519'] },
}

/** Throws at once when the configuration names no algorithm that is known. */
export function createJwtCheck(config: JwtConfig, now: () => number = () => Date.now() / 1000): JwtCheck {
  const algorithm = algorithms[config.type]
  if (!algorithm) throw new Error(`the JWT type ${config.type} is not supported`)
  const key = algorithm.hmac ? config.key : createPublicKey(config.key)
  return headers => {
    const token = tokenOf(config, headers)
    if (token === undefined) return undefined
    const claims = verifiedClaims(token, algorithm, key)
    checkClaims(config, claims, now())
    const session = sessionClaims(config, claims, headers['x-hasura-role'])
    const { exp } = claims
    // A connection that outlives the request ends with the token.
    if (typeof exp !== 'number') return session
    return { ...session, expiresAt: (exp + (config.allowed_skew ?? 0)) * 1000 }
  }
}

/** Takes what one of several checks takes. What is refused by all is refused in the words of the first. */
export function anyOf(checks: readonly JwtCheck[]): JwtCheck {
  return headers => {
    let refusal: unknown
    for (const check of checks)
      try {
        const session = check(headers)
        if (session) return session
      } catch (cause) {
        refusal ??= cause
      }
    if (refusal !== undefined) throw refusal
    return undefined
  }
}

function tokenOf({ header = { type: 'Authorization' } }: JwtConfig, headers: Headers): string | undefined {
  if (header.type === 'CustomHeader') return headers[header.name.toLowerCase()]
  if (header.type === 'Cookie') return cookie(headers.cookie ?? '', header.name)
  const given = headers.authorization
  if (given === undefined) return undefined
  const [scheme, token, ...rest] = given.split(' ')
  if (scheme?.toLowerCase() !== 'bearer' || !token || rest.length > 0)
    throw new RequestError('invalid-headers', '$', 'Malformed Authorization header')
  return token
}

function cookie(header: string, name: string): string | undefined {
  for (const pair of header.split(';')) {
    const [key, ...value] = pair.split('=')
    if (key?.trim() === name) return value.join('=').trim()
  }
  return undefined
}

function refused(reason: string): RequestError {
  return new RequestError('invalid-jwt', '$', `Could not verify JWT: ${reason}`)
}

function verifiedClaims(
  token: string,
  algorithm: Algorithm,
  key: string | KeyObject,
): Record<string, unknown> {
  const [head = '', body = '', signature = '', ...rest] = token.split('.')
  const header = json(head)
  const claims = json(body)
  if (!header || !claims || rest.length > 0)
    throw refused('JWSError (CompactDecodeError Invalid number of parts)')
  const known = typeof header.alg === 'string' && algorithm.names.includes(header.alg)
  const signed = Buffer.from(`${head}.${body}`)
  if (!known || !holds(signed, Buffer.from(signature, 'base64url'), algorithm, key))
    throw refused('JWSError JWSInvalidSignature')
  return claims
}

function holds(
  signed: Buffer,
  signature: Buffer,
  { hash, ecdsa }: Algorithm,
  key: string | KeyObject,
): boolean {
  if (typeof key !== 'string')
    return verify(hash, signed, ecdsa ? { key, dsaEncoding: 'ieee-p1363' } : key, signature)
  const wanted = createHmac(hash ?? '', key)
    .update(signed)
    .digest()
  return wanted.length === signature.length && timingSafeEqual(wanted, signature)
}

function json(part: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(part, 'base64url').toString('utf8'))
    return typeof value === 'object' && value !== null ? { ...value } : undefined
  } catch {
    return undefined
  }
}

function checkClaims(
  { audience, issuer, allowed_skew = 0 }: JwtConfig,
  claims: Record<string, unknown>,
  now: number,
): void {
  const { exp, nbf, aud, iss } = claims
  if (typeof exp === 'number' && exp + allowed_skew <= now) throw refused('JWTExpired')
  if (typeof nbf === 'number' && nbf - allowed_skew > now) throw refused('JWTNotYetValid')
  const wanted = audience === undefined ? undefined : [audience].flat()
  if (
    wanted &&
    !([aud].flat() as unknown[]).some(given => typeof given === 'string' && wanted.includes(given))
  )
    throw refused('JWTNotInAudience')
  if (issuer !== undefined && iss !== issuer) throw refused('JWTNotInIssuer')
}
