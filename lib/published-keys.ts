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
  /** Whether it was published when last asked: what it signed is still good. Asks again in the background. */
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

/**
 * Keys by id. One that is known answers at once, while the keys are asked for again in the background; only an unknown id
 * waits (rotation), and asks at most every few seconds: ids come from the caller. While the publisher is away the keys we know
 * stay good.
 */
export function createPublishedKeys(jwks: JwksSource): PublishedKeys {
  let keys = new Map<string, PublishedKey>()
  let fetchedAt = Number.NEGATIVE_INFINITY
  let triedAt = Number.NEGATIVE_INFINITY
  let fetching: Promise<void> | undefined
  const fetchKeys = async () => {
    triedAt = performance.now()
    const found = await jwks()
    keys = new Map(found.keys.slice(0, maxKeys).flatMap(usable))
    fetchedAt = performance.now()
  }
  const fetchOnce = (): Promise<void> => {
    fetching ??= fetchKeys().finally(() => {
      fetching = undefined
    })
    return fetching
  }
  const mayAsk = () => keys.size === 0 || fetching !== undefined || performance.now() - triedAt > refetchMs
  const knownKey = (kid: string): PublishedKey | undefined => {
    const known = keys.get(kid)
    if (known && performance.now() - fetchedAt > freshMs && mayAsk()) fetchOnce().catch(() => {})
    return known
  }
  return {
    has: kid => knownKey(kid) !== undefined,
    async find(kid = '') {
      const known = knownKey(kid)
      if (known) return known
      if (mayAsk())
        await fetchOnce().catch(error => {
          if (keys.size === 0) throw error
        })
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
