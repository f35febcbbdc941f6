/** Our own access tokens: RS256 JWTs that services and Hasura verify with the published keys (RFC 9068 in spirit). */
import { createHash } from 'node:crypto'
import { tokenAudience, tokenIssuer } from '@glimmr/lib/auth'
import { errors, type JWTPayload, jwtVerify, SignJWT } from 'jose'
import type { KeyRecord } from './api-keys.ts'
import { Refusal } from './refusals.ts'
import type { SigningKeys } from './signing-keys.ts'

/** What a token says of its bearer. */
export type Bearer = { keyId: string; organisation: string; roles: string[]; scopes: string[] }

export type Tokens = {
  /** A new token of `seconds`, with these scopes of the key's. */
  issue(record: KeyRecord, seconds: number, scopes?: readonly string[]): Promise<string>
  /** Who a token was issued to; throws Refusal. */
  verify(token: string): Bearer | Promise<Bearer>
}

const hasuraClaims = 'https://hasura.io/jwt/claims'
const maxTokenBytes = 8192
const maxVerified = 5000

export function createTokens(keys: SigningKeys, now: () => number): Tokens {
  const publicKeys = new Map(keys.all.map(key => [key.kid, key.publicKey]))
  // By hash, so that a heap dump shows no token that still works.
  const verified = new Map<string, { bearer: Bearer; expiresAtMs: number }>()

  const check = async (token: string): Promise<{ bearer: Bearer; expiresAtMs: number }> => {
    const { payload } = await jwtVerify(
      token,
      ({ kid, alg }) => {
        // The key is ours, found by its id alone: jwk, jku and x5u of the token's own header are never looked at.
        const key = alg === 'RS256' && typeof kid === 'string' ? publicKeys.get(kid) : undefined
        if (!key)
          throw new Refusal('bad_token', { detail: 'The access token is signed with a key that is not ours' })
        return key
      },
      {
        algorithms: ['RS256'],
        issuer: tokenIssuer,
        audience: tokenAudience,
        requiredClaims: ['exp', 'iat', 'sub', 'org'],
        currentDate: new Date(now()),
      },
    )
    return { bearer: bearerOf(payload), expiresAtMs: Number(payload.exp) * 1000 }
  }

  return {
    issue: (record, seconds, scopes = record.scopes) => sign(keys, record, scopes, { seconds, nowMs: now() }),
    verify(token) {
      if (token.length > maxTokenBytes) throw new Refusal('bad_token')
      const index = createHash('sha256').update(token).digest('base64')
      const known = verified.get(index)
      if (known && known.expiresAtMs > now()) return known.bearer
      verified.delete(index)
      return check(token).then(
        found => {
          if (verified.size >= maxVerified) verified.delete(verified.keys().next().value ?? '')
          verified.set(index, found)
          return found.bearer
        },
        error => {
          throw refusalOf(error)
        },
      )
    },
  }
}

function sign(
  { current }: SigningKeys,
  record: KeyRecord,
  scopes: readonly string[],
  { seconds, nowMs }: { seconds: number; nowMs: number },
): Promise<string> {
  const issuedAt = Math.floor(nowMs / 1000)
  const subject = `key:${record.id}`
  return new SignJWT({
    org: record.organisation_id,
    roles: record.roles,
    scopes: [...scopes],
    // Hasura wants every value as text.
    [hasuraClaims]: {
      'x-hasura-default-role': record.roles[0],
      'x-hasura-allowed-roles': record.roles,
      'x-hasura-user-id': subject,
      'x-hasura-org-id': record.organisation_id,
    },
  })
    .setProtectedHeader({ alg: 'RS256', typ: 'JWT', kid: current.kid })
    .setIssuer(tokenIssuer)
    .setAudience(tokenAudience)
    .setSubject(subject)
    .setIssuedAt(issuedAt)
    .setExpirationTime(issuedAt + seconds)
    .setJti(crypto.randomUUID())
    .sign(current.privateKey)
}

function bearerOf({ sub, org, roles, scopes }: JWTPayload): Bearer {
  const keyId = /^key:([0-9a-f-]{36})$/.exec(sub ?? '')?.[1]
  if (!keyId || typeof org !== 'string' || !isTexts(roles) || !isTexts(scopes)) throw new Refusal('bad_token')
  return { keyId, organisation: org, roles, scopes }
}

function isTexts(value: unknown): value is string[] {
  return Array.isArray(value) && value.every(item => typeof item === 'string')
}

function refusalOf(error: unknown): Refusal {
  if (error instanceof Refusal) return error
  if (error instanceof errors.JWTExpired) return new Refusal('expired_token', { cause: error })
  if (error instanceof errors.JWTClaimValidationFailed && error.claim === 'aud')
    return new Refusal('wrong_audience', { cause: error })
  if (error instanceof errors.JWTClaimValidationFailed && error.claim === 'iss')
    return new Refusal('wrong_issuer', { cause: error })
  return new Refusal('bad_token', { cause: error })
}
