/** The keys that gateway/auth publishes, each pinned to the one algorithm it may be used with. */
import { createPublicKey, type JsonWebKey, type KeyObject } from 'node:crypto'

export type Jwk = JsonWebKey & { kid?: string; alg?: string; use?: string }
/** Gives the current JWKS (RFC 7517 §5): by HTTP, or by a call where gateway/auth is in the same process. */
export type JwksSource = () => Promise<{ keys: Jwk[] }>

export const tokenAlgorithms = ['RS256', 'ES256', 'EdDSA'] as const
export type TokenAlgorithm = (typeof tokenAlgorithms)[number]

export type PublishedKey = { algorithm: TokenAlgorithm; pem: string }

export type PublishedKeys = {
  /** The key of this id; throws when there is none. */
  find(kid: string | undefined): Promise<PublishedKey>
  /** Whether it was published when last asked: what it signed is still good. */
  has(kid: string): boolean
}

const freshMs = 60_000
const refetchMs = 5_000
const maxKeys = 20

/**
 * The algorithm a key is for, by its kind alone: what a token says of itself is compared with this, never believed.
 * undefined for keys that are not for signatures, or name an algorithm that their kind is not for.
 */
export function algorithmOf({ kty, crv, alg, use }: Jwk): TokenAlgorithm | undefined {
  const algorithm =
    kty === 'RSA'
      ? 'RS256'
      : kty === 'EC' && crv === 'P-256'
        ? 'ES256'
        : kty === 'OKP' && crv === 'Ed25519'
          ? 'EdDSA'
          : undefined
  return (use ?? 'sig') === 'sig' && (alg ?? algorithm) === algorithm ? algorithm : undefined
}

/** Keys by id. An unknown id asks again (rotation), but at most every few seconds: ids come from the caller. */
export function createPublishedKeys(jwks: JwksSource): PublishedKeys {
  let keys = new Map<string, PublishedKey>()
  let fetchedAt = Number.NEGATIVE_INFINITY
  let fetching: Promise<void> | undefined
  const fetchKeys = async () => {
    const found = await jwks()
    keys = new Map(found.keys.slice(0, maxKeys).flatMap(usable))
    fetchedAt = performance.now()
  }
  return {
    has: kid => keys.has(kid),
    async find(kid = '') {
      const age = performance.now() - fetchedAt
      if (age > freshMs || (age > refetchMs && !keys.has(kid))) {
        fetching ??= fetchKeys().finally(() => {
          fetching = undefined
        })
        // While the publisher is away the keys we know stay good.
        await fetching.catch(error => {
          if (keys.size === 0) throw error
        })
      }
      const key = keys.get(kid)
      if (!key) throw new Error('the token is signed with a key that is not published')
      return key
    },
  }
}

/** One key that cannot be read does not take the others with it. */
function usable(key: Jwk): [string, PublishedKey][] {
  const algorithm = algorithmOf(key)
  const publicKey = algorithm && verifyingKey(key)
  if (!publicKey || !key.kid) return []
  return [[key.kid, { algorithm, pem: publicKey.export({ type: 'spki', format: 'pem' }).toString() }]]
}

/** undefined for a key that cannot be read, and for RSA of fewer than 2048 bits. */
export function verifyingKey(jwk: Jwk): KeyObject | undefined {
  try {
    const key = createPublicKey({ key: jwk, format: 'jwk' })
    return (key.asymmetricKeyDetails?.modulusLength ?? 2048) >= 2048 ? key : undefined
  } catch {
    return undefined
  }
}
