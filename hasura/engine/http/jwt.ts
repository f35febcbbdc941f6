/**
 * JSON web tokens as Hasura's `HASURA_GRAPHQL_JWT_SECRET` configures them.
 *
 * Source: https://hasura.io/docs/2.0/auth/authentication/jwt/ and RFC 7515, 7519
 */
import { constants, createHmac, createPublicKey, KeyObject, timingSafeEqual, verify } from 'node:crypto'
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

type Algorithm = {
  hash: string | null
  names: string[]
  /** What a public key for it has to be; undefined for a shared secret. */
  key?: { type: string; curve?: string }
  /** Of a shared secret: RFC 7518, 3.2. */
  leastBytes?: number
  pss?: boolean
}
const rsa = { type: 'rsa' }
const algorithms: Record<string, Algorithm> = {
  HS256: { hash: 'sha256', leastBytes: 32, names: ['HS256'] },
  HS384: { hash: 'sha384', leastBytes: 48, names: ['HS384'] },
  HS512: { hash: 'sha512', leastBytes: 64, names: ['HS512'] },
  RS256: { hash: 'sha256', key: rsa, names: ['RS256'] },
  RS384: { hash: 'sha384', key: rsa, names: ['RS384'] },
  RS512: { hash: 'sha512', key: rsa, names: ['RS512'] },
  PS256: { hash: 'sha256', key: rsa, pss: true, names: ['PS256'] },
  PS384: { hash: 'sha384', key: rsa, pss: true, names: ['PS384'] },
  PS512: { hash: 'sha512', key: rsa, pss: true, names: ['PS512'] },
  ES256: { hash: 'sha256', key: { type: 'ec', curve: 'prime256v1' }, names: ['ES256'] },
  ES384: { hash: 'sha384', key: { type: 'ec', curve: 'secp384r1' }, names: ['ES384'] },
  ES512: { hash: 'sha512', key: { type: 'ec', curve: 'secp521r1' }, names: ['ES512'] },
  Ed25519: { hash: null, key: { type: 'ed25519' }, names: ['EdDSA', 'Ed25519'] },
}

/** Throws at once when the configuration names no algorithm that is known, or a key that is not one for it. */
export function createJwtCheck(config: JwtConfig, now: () => number = () => Date.now() / 1000): JwtCheck {
  const algorithm = algorithms[config.type]
  if (!algorithm) throw new Error(`the JWT type ${config.type} is not supported`)
  const key = keyOf(config, algorithm)
  return headers => {
    const token = tokenOf(config, headers)
    if (token === undefined) return undefined
    const claims = verifiedClaims(token, algorithm, key)
    checkClaims(config, claims, now())
    // A name without a letter is no role: the default holds, as if nothing had been asked for.
    const session = sessionClaims(config, claims, headers['x-hasura-role'] || undefined)
    const { exp } = claims
    // A connection that outlives the request ends with the token.
    if (typeof exp !== 'number') return session
    return { ...session, expiresAt: (exp + (config.allowed_skew ?? 0)) * 1000 }
  }
}

/** A shared secret that is too short can be guessed from any one token; a key of another kind checks nothing. */
function keyOf({ type, key }: JwtConfig, { key: wanted, leastBytes = 0 }: Algorithm): string | KeyObject {
  if (!wanted) {
    if (Buffer.byteLength(key) < leastBytes)
      throw new Error(`Invalid JWK: Key size too small; should be atleast ${leastBytes} characters`)
    return key
  }
  const found = createPublicKey(key)
  const { namedCurve } = found.asymmetricKeyDetails ?? {}
  if (found.asymmetricKeyType !== wanted.type || (wanted.curve ?? namedCurve) !== namedCurve)
    throw new Error(`Invalid JWK: the key is not one for ${type}`)
  return found
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
  // What has to be understood (RFC 7515, 4.1.11) is something that nothing here understands.
  const known =
    typeof header.alg === 'string' && algorithm.names.includes(header.alg) && header.crit === undefined
  const signed = Buffer.from(`${head}.${body}`)
  if (!known || !holds(signed, Buffer.from(signature, 'base64url'), algorithm, key))
    throw refused('JWSError JWSInvalidSignature')
  return claims
}

function holds(
  signed: Buffer,
  signature: Buffer,
  { hash, key: kind, pss }: Algorithm,
  key: string | KeyObject,
): boolean {
  if (key instanceof KeyObject) {
    if (kind?.type === 'ec') return verify(hash, signed, { key, dsaEncoding: 'ieee-p1363' }, signature)
    if (!pss) return verify(hash, signed, key, signature)
    const { RSA_PKCS1_PSS_PADDING: padding, RSA_PSS_SALTLEN_DIGEST: saltLength } = constants
    return verify(hash, signed, { key, padding, saltLength }, signature)
  }
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
  const { aud, iss } = claims
  const exp = numericDate(claims, 'exp')
  const nbf = numericDate(claims, 'nbf')
  if (exp !== undefined && exp + allowed_skew <= now) throw refused('JWTExpired')
  if (nbf !== undefined && nbf - allowed_skew > now) throw refused('JWTNotYetValid')
  const wanted = audience === undefined ? undefined : [audience].flat()
  if (
    wanted &&
    !([aud].flat() as unknown[]).some(given => typeof given === 'string' && wanted.includes(given))
  )
    throw refused('JWTNotInAudience')
  if (issuer !== undefined && iss !== issuer) throw refused('JWTNotInIssuer')
}

/** A date that is no number says something that cannot be kept: as if it said nothing, the token would never end. */
function numericDate(claims: Record<string, unknown>, name: 'exp' | 'nbf'): number | undefined {
  const value = claims[name]
  if (value === undefined || value === null) return undefined
  if (typeof value === 'number' && Number.isFinite(value)) return value
  throw refused(
    `JWTClaimsSetDecodeError "Error in $.${name}: parsing NumericDate failed, expected Number, but encountered ${kindOf(value)}"`,
  )
}

function kindOf(value: unknown): string {
  if (Array.isArray(value)) return 'Array'
  const kind = typeof value
  return kind.charAt(0).toUpperCase() + kind.slice(1)
}
