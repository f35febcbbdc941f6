/** Our own access tokens: JWTs that services and Hasura verify with the published keys (RFC 9068 in spirit). */
import { graphqlRoles } from '@glimmr/lib/api-keys'
import { tokenAudience, tokenIssuer } from '@glimmr/lib/auth'
import { type JWTPayload, jwtVerify, SignJWT } from 'jose'
import type { Presented } from './credentials.ts'
import type { KeyRing } from './key-ring.ts'
import type { Principal } from './principal.ts'
import { Refusal } from './refusals.ts'
import { tokenRefusal } from './token-refusals.ts'

/** What a token says of its bearer. */
export type Bearer = { keyId: string; organisation: string; roles: string[]; scopes: string[] }

export type Tokens = {
  /** A new token of `seconds`, with these of the principal's scopes. */
  issue(principal: Principal, seconds: number, scopes?: readonly string[]): Promise<string>
  /** Who a token was issued to; throws Refusal. */
  verify(token: Presented): Bearer | Promise<Bearer>
  /** Id of the key that signs now. */
  signedBy(): string
}

const hasuraClaims = 'https://hasura.io/jwt/claims'
const maxVerified = 5000

type Verified = { bearer: Bearer; kid: string; expiresAtMs: number }

export function createTokens(keys: KeyRing, now: () => number): Tokens {
  // By hash, so that a heap dump shows no token that still works.
  const verified = new Map<string, Verified>()
  return {
    issue: (principal, seconds, scopes = principal.scopes) =>
      sign(keys, { principal, scopes, seconds, nowMs: now() }),
    signedBy: () => keys.current().kid,
    verify({ text, index }) {
      const known = verified.get(index)
      if (known && known.expiresAtMs > now() && keys.find(known.kid)) return known.bearer
      verified.delete(index)
      return check(keys, text, now()).then(
        found => {
          if (verified.size >= maxVerified) verified.delete(verified.keys().next().value ?? '')
          verified.set(index, found)
          return found.bearer
        },
        error => {
          throw tokenRefusal(error)
        },
      )
    },
  }
}

async function check(keys: KeyRing, token: string, nowMs: number): Promise<Verified> {
  const { payload, protectedHeader } = await jwtVerify(
    token,
    ({ kid, alg }) => {
      // The key is ours, found by its id alone, and is for one algorithm: jwk, jku and x5u of the token's own header are
      // never looked at.
      const key = typeof kid === 'string' ? keys.find(kid) : undefined
      if (!key || key.algorithm !== alg)
        throw new Refusal('bad_token', { detail: 'The access token is signed with a key that is not ours' })
      return key.publicKey
    },
    {
      algorithms: ['RS256', 'ES256', 'EdDSA'],
      issuer: tokenIssuer,
      audience: tokenAudience,
      requiredClaims: ['exp', 'iat', 'sub', 'org'],
      currentDate: new Date(nowMs),
    },
  )
  return {
    bearer: bearerOf(payload),
    kid: String(protectedHeader.kid),
    expiresAtMs: Number(payload.exp) * 1000,
  }
}

type Issue = { principal: Principal; scopes: readonly string[]; seconds: number; nowMs: number }

function sign(keys: KeyRing, { principal, scopes, seconds, nowMs }: Issue): Promise<string> {
  const { kid, algorithm, privateKey } = keys.current()
  const { subject, organisation, roles } = principal
  const inGraphql = graphqlRoles(roles)
  const issuedAt = Math.floor(nowMs / 1000)
  return new SignJWT({
    org: organisation,
    roles: [...roles],
    scopes: [...scopes],
    // Hasura wants every value as text.
    [hasuraClaims]: {
      'x-hasura-default-role': inGraphql[0],
      'x-hasura-allowed-roles': inGraphql,
      'x-hasura-user-id': subject,
      'x-hasura-org-id': organisation,
    },
  })
    .setProtectedHeader({ alg: algorithm, typ: 'JWT', kid })
    .setIssuer(tokenIssuer)
    .setAudience(tokenAudience)
    .setSubject(subject)
    .setIssuedAt(issuedAt)
    .setExpirationTime(issuedAt + seconds)
    .setJti(crypto.randomUUID())
    .sign(privateKey)
}

function bearerOf({ sub, org, roles, scopes }: JWTPayload): Bearer {
  const keyId = /^key:([0-9a-f-]{36})$/.exec(sub ?? '')?.[1]
  if (!keyId || typeof org !== 'string' || !isTexts(roles) || !isTexts(scopes)) throw new Refusal('bad_token')
  return { keyId, organisation: org, roles, scopes }
}

function isTexts(value: unknown): value is string[] {
  return Array.isArray(value) && value.every(item => typeof item === 'string')
}
