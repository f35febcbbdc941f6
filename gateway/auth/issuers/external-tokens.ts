/** Tokens of configured issuers, as principals of ours. */
import { roles as knownRoles, type Role } from '@glimmr/lib/api-keys'
import { type JWTPayload, jwtVerify } from 'jose'
import type { Presented } from '../credentials.ts'
import { createPrincipal, type Principal } from '../principal.ts'
import { Refusal } from '../refusals.ts'
import { tokenRefusal } from '../token-refusals.ts'
import { mapClaims, scopesIn } from './claims.ts'
import type { Issuer } from './issuer.ts'
import { createRemoteKeys, type RemoteKeys } from './remote-keys.ts'
import type { Users } from './users.ts'

export type ExternalTokens = {
  /** Whether there are issuers at all. */
  any: boolean
  /** Whether tokens that name this issuer are for us to look at. */
  knows(issuer: string): boolean
  /** `organisation`: which one its bearer asks to act for. Throws Refusal. */
  verify(issuer: string, token: Presented, organisation: string | undefined): Promise<Principal>
  /** Of issuers with published keys: how old those are that we have. */
  keyAges(): { issuer: string; seconds: number }[]
  close(): Promise<void>
}

export type ExternalTokensOptions = {
  issuers: readonly Issuer[]
  users: Users
  now: () => number
  /** Told of every fetch of an issuer's keys: what went wrong, or nothing. */
  onFetched: (issuer: string, error: unknown) => void
}

type Claims = JWTPayload & { sub: string }
type Known = { issuer: Issuer; keys: RemoteKeys | undefined; verified: Map<string, Verified> }
type Verified = { claims: Claims; untilMs: number }

const maxVerified = 5000
/** A signature is checked again after a minute: by then a key that its issuer has withdrawn counts no more. */
const verifiedMs = 60_000

export function createExternalTokens(options: ExternalTokensOptions): ExternalTokens {
  const { users, now, onFetched } = options
  const known = new Map<string, Known>()
  for (const issuer of options.issuers) {
    const keys =
      issuer.kind === 'keys'
        ? createRemoteKeys({
            issuer: issuer.issuer,
            url: issuer.jwksUrl,
            private: issuer.private,
            now,
            onFetched: error => onFetched(issuer.name, error),
          })
        : undefined
    known.set(issuer.issuer, { issuer, keys, verified: new Map() })
  }
  return {
    any: known.size > 0,
    knows: issuer => known.has(issuer),
    async verify(name, token, chosen) {
      const found = known.get(name)
      if (!found) throw new Refusal('wrong_issuer')
      return principalOf({ issuer: found.issuer, claims: await claimsOf(found, token, now()), chosen }, users)
    },
    keyAges: () =>
      [...known.values()].flatMap(({ issuer, keys }) => {
        const fetchedAtMs = keys?.fetchedAtMs()
        return fetchedAtMs === undefined
          ? []
          : [{ issuer: issuer.name, seconds: (now() - fetchedAtMs) / 1000 }]
      }),
    close: async () => void (await Promise.all([...known.values()].map(({ keys }) => keys?.close()))),
  }
}

async function claimsOf(known: Known, { text, index }: Presented, nowMs: number): Promise<Claims> {
  const { verified } = known
  const before = verified.get(index)
  if (before && before.untilMs > nowMs) return before.claims
  verified.delete(index)
  const claims = await check(known, text, nowMs).catch(error => {
    throw tokenRefusal(error)
  })
  if (verified.size >= maxVerified) verified.delete(verified.keys().next().value ?? '')
  verified.set(index, { claims, untilMs: Math.min(Number(claims.exp) * 1000, nowMs + verifiedMs) })
  return claims
}

async function check({ issuer, keys }: Known, token: string, nowMs: number): Promise<Claims> {
  const options = {
    issuer: issuer.issuer,
    audience: issuer.audience,
    requiredClaims: ['exp', 'sub'],
    clockTolerance: 5,
    currentDate: new Date(nowMs),
  }
  const { payload } =
    issuer.kind === 'secret'
      ? await jwtVerify(token, issuer.secret, { ...options, algorithms: ['HS256'] })
      : await jwtVerify(token, header => keyOf(issuer, keys, header), {
          ...options,
          algorithms: [...issuer.algorithms],
        })
  const { sub } = payload
  if (typeof sub !== 'string' || !/^[\x21-\x7e]{1,200}$/.test(sub))
    throw new Refusal('bad_token', { detail: 'The subject of the token is not 1 to 200 plain characters' })
  return { ...payload, sub }
}

/** A public key is never a secret of HS256, and a key verifies only with the algorithm it is for. */
async function keyOf(
  { name }: Issuer,
  keys: RemoteKeys | undefined,
  { kid, alg }: { kid?: unknown; alg?: string },
) {
  const found = await keys?.find(typeof kid === 'string' ? kid : undefined).catch((cause: unknown) => {
    throw new Refusal('unavailable', { detail: `The keys of ${name} cannot be had at the moment`, cause })
  })
  if (!found || found.algorithm !== alg)
    throw new Refusal('bad_token', {
      detail: `The access token is signed with a key that ${name} does not have`,
    })
  return found.key
}

type Bearer = { issuer: Issuer; claims: Claims; chosen: string | undefined }

/**
 * The organisation is the one that the token names, or else the one that its bearer names, where core has them as a user.
 * It is never found out from the rows there are: every admin may add rows, and one more would draw somebody, and what they
 * upload, into another organisation, or keep them out of their own.
 */
async function principalOf({ issuer, claims, chosen }: Bearer, users: Users): Promise<Principal> {
  const mapped = mapClaims(issuer, claims)
  const organisation = mapped.organisation ?? chosen
  if (organisation === undefined) throw new Refusal('organisation_not_named')
  const { user, organisation: state } = await users.ask({
    issuer: issuer.issuer,
    subject: claims.sub,
    organisation,
  })
  if (user?.disabled) throw new Refusal('disabled_user')
  // Roles of the claims hold where the claims say, not wherever their bearer would like to have them.
  const given = mapped.organisation === undefined ? [] : mapped.roles
  const roles = user ? user.roles.filter(isRole) : given
  if (roles.length === 0 || state === 'unknown') throw new Refusal('no_access')
  if (state === 'suspended') throw new Refusal('suspended_organisation')
  return createPrincipal({
    subject: `${issuer.name}:${claims.sub}`,
    organisation,
    roles,
    scopes: scopesIn(issuer, roles, claims),
    limitClass: issuer.limit_class,
  })
}

function isRole(name: string): name is Role {
  return knownRoles.some(role => role === name)
}
