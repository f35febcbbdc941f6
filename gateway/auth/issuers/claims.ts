/** What the claims of an issuer's token give here: an organisation, roles, scopes. */
import { roles as knownRoles, type Role, scopesOf } from '@glimmr/lib/api-keys'
import type { IssuerBase } from './issuer.ts'

/** undefined: the token does not say. */
export type Mapped = { organisation: string | undefined; roles: Role[] }

type Claims = Record<string, unknown>

export function mapClaims({ organisation, roles }: IssuerBase, claims: Claims): Mapped {
  return {
    organisation: organisation && organisationIn(organisation, claims),
    roles: roles ? rolesIn(roles, claims) : [],
  }
}

/** The scopes of these roles, narrowed to those that the token names where the issuer is configured so. */
export function scopesIn({ scopes }: IssuerBase, roles: readonly Role[], claims: Claims): string[] {
  const all = scopesOf(roles)
  if (!scopes) return all
  const named = new Set(textsIn(claims, scopes.claim))
  return all.filter(scope => named.has(scope))
}

const uuid = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i

function organisationIn(rule: NonNullable<IssuerBase['organisation']>, claims: Claims): string | undefined {
  if ('value' in rule) return rule.value
  const [name, ...more] = textsIn(claims, rule.claim)
  if (name === undefined || more.length > 0) return undefined
  if (rule.map) return Object.hasOwn(rule.map, name) ? rule.map[name] : undefined
  return uuid.test(name) ? name.toLowerCase() : undefined
}

function rolesIn(rule: NonNullable<IssuerBase['roles']>, claims: Claims): Role[] {
  if ('value' in rule) return rule.value
  const { map } = rule
  const mapped = textsIn(claims, rule.claim).flatMap(name => {
    if (map) return Object.hasOwn(map, name) ? [map[name]] : []
    // Without a map the issuer names our roles itself, those of the installation's own keys aside.
    return knownRoles.filter(role => role === name && role !== 'operator' && role !== 'store')
  })
  return [...new Set(mapped)].filter(role => role !== undefined)
}

/** A list of texts, or one text with spaces between (as `scope` has, RFC 6749 §3.3). */
function textsIn(claims: Claims, name: string): string[] {
  const value = name.startsWith('/') ? pointed(claims, name) : own(claims, name)
  if (typeof value === 'string') return value.split(' ').filter(Boolean)
  return Array.isArray(value) ? value.filter(item => typeof item === 'string').slice(0, 200) : []
}

function pointed(claims: Claims, pointer: string): unknown {
  const steps = pointer
    .slice(1)
    .split('/')
    .map(step => step.replaceAll('~1', '/').replaceAll('~0', '~'))
  return steps.reduce<unknown>(
    (at, step) => (typeof at === 'object' && at !== null ? own(at as Claims, step) : undefined),
    claims,
  )
}

function own(claims: Claims, name: string): unknown {
  return Object.hasOwn(claims, name) ? claims[name] : undefined
}
