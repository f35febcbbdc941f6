/** API keys and what they may do: `glm_<8 characters>_<43 characters>`, 256 random bits, of which only a hash is kept. */
import { hash, randomBytes } from 'node:crypto'

/** The scopes of each role. A key of several roles has all of theirs. */
const scopesByRole = {
  admin: ['core:read', 'media:read', 'media:write', 'links:read', 'links:write', 'media:events', 'admin'],
  uploader: ['core:read', 'media:read', 'media:write', 'links:read', 'links:write'],
  partner: ['core:read', 'links:read', 'links:write'],
  viewer: ['core:read', 'links:read'],
  /** The object store's: it may report what was stored, and nothing else. */
  store: ['media:events'],
  /** Whose installation it is: makes and suspends organisations, and gives keys their class. */
  operator: ['core:read', 'organisations'],
} as const

export type Role = keyof typeof scopesByRole
export const roles = [
  'admin',
  'uploader',
  'partner',
  'viewer',
  'store',
  'operator',
] as const satisfies readonly Role[]

/** How often a key may ask: traefik/dynamic/ has the limits of each class. */
export const limitClasses = ['standard', 'partner', 'bulk'] as const
export type LimitClass = (typeof limitClasses)[number]

/** The class of a key where nobody says another: partners query by program. */
export function usualClass(given: readonly Role[]): LimitClass {
  return given.includes('partner') ? 'partner' : 'standard'
}

export type ApiKey = {
  /** Shown once; stored nowhere. */
  key: string
  /** The part that people may see: enough to tell keys apart. */
  prefix: string
  /** SHA-256 of the whole key: a random 256-bit secret needs no slow hash. */
  hash: Buffer
  scopes: string[]
}

/** A new key of `given` roles (one at least; the first is the default role of its tokens), with all their scopes. */
export function createApiKey({ roles: given }: { roles: readonly Role[] }): ApiKey {
  if (given.length === 0) throw new Error('a key needs a role')
  const prefix = `glm_${prefixCharacters()}`
  const key = `${prefix}_${randomBytes(32).toString('base64url')}`
  return { key, prefix, hash: hashApiKey(key), scopes: scopesOf(given) }
}

export function scopesOf(given: readonly Role[]): string[] {
  return [...new Set<string>(given.flatMap(role => scopesByRole[role]))].sort()
}

/**
 * The roles that a bearer of these has over GraphQL. Hasura's `admin` sees the rows of every organisation, so it is an
 * operator's only; an admin of one organisation asks as an uploader, the most that a tenant's own rows allow.
 */
export function graphqlRoles(given: readonly string[]): string[] {
  if (given.includes('operator')) return [...given]
  return [...new Set(given.map(role => (role === 'admin' ? 'uploader' : role)))]
}

/** What core.api_keys.hash holds. */
export function hashApiKey(key: string): Buffer {
  return hash('sha256', key, 'buffer')
}

/** Whether it has the form of a key: anything else need not be looked up. */
export function isApiKey(text: string): boolean {
  return /^glm_[a-z0-9]{8}_[\w-]{43}$/.test(text)
}

const alphabet = 'abcdefghijklmnopqrstuvwxyz234567'

/** Eight characters that are read out without mistakes: no underscore, one case. */
function prefixCharacters(): string {
  return Array.from(randomBytes(8), byte => alphabet[byte & 31]).join('')
}
