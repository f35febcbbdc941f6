/** Tokens for tests of one service alone: signed as gateway/auth signs them, by a key of the test's own. */
import { generateKeyPairSync, randomUUID, sign } from 'node:crypto'
import { type JwksSource, tokenAudience, tokenIssuer } from '@glimmr/lib/auth'

export type TestClaims = {
  organisation: string
  roles?: string[]
  scopes?: string[]
  subject?: string
  /** Seconds from now; negative: expired. */
  expiresIn?: number
  /** Anything else to put in, or to put wrong. */
  claims?: Record<string, unknown>
}

export type TestTokens = {
  jwks: JwksSource
  token(claims: TestClaims): string
  header(claims: TestClaims): { authorization: string }
}

export function createTestTokens(): TestTokens {
  const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const jwk = { ...publicKey.export({ format: 'jwk' }), kid: 'test', alg: 'RS256', use: 'sig' }
  const token = ({
    organisation,
    roles = ['partner'],
    scopes = ['core:read'],
    subject,
    expiresIn = 300,
    claims,
  }: TestClaims) => {
    const now = Math.floor(Date.now() / 1000)
    const payload = {
      iss: tokenIssuer,
      aud: tokenAudience,
      sub: subject ?? 'key:00000000-0000-4000-8000-000000000001',
      org: organisation,
      roles,
      scopes,
      iat: now,
      exp: now + expiresIn,
      jti: randomUUID(),
      ...claims,
    }
    const content = [{ alg: 'RS256', typ: 'JWT', kid: 'test' }, payload].map(encoded).join('.')
    return `${content}.${sign('RSA-SHA256', Buffer.from(content), privateKey).toString('base64url')}`
  }
  return {
    jwks: async () => ({ keys: [jwk] }),
    token,
    header: claims => ({ authorization: `Bearer ${token(claims)}` }),
  }
}

function encoded(part: object): string {
  return Buffer.from(JSON.stringify(part)).toString('base64url')
}
