/** The claims of a token → a session. Values are strings; what is no string is written as JSON. */
import { RequestError } from '../errors.ts'
import { backendOnly, type Session } from '../session.ts'

type MappedClaim = string | string[] | { path: string; default?: string | string[] }
export type ClaimsConfig = {
  claims_namespace?: string
  claims_namespace_path?: string
  claims_format?: 'json' | 'stringified_json'
  claims_map?: Record<string, MappedClaim>
}
type Claims = Record<string, unknown>

const allowedRoles = 'x-hasura-allowed-roles'
const defaultRole = 'x-hasura-default-role'
const notVariables = new Set([allowedRoles, defaultRole, backendOnly])

export function sessionClaims(config: ClaimsConfig, claims: Claims, requested: string | undefined): Session {
  const own = config.claims_map ? mapped(config.claims_map, claims) : inNamespace(config, claims)
  const lower = new Map(Object.entries(own).map(([name, value]) => [name.toLowerCase(), value]))
  const roles = rolesOf(lower)
  const fallback = defaultOf(lower)
  const role = requested ?? fallback
  if (!roles.includes(role))
    throw new RequestError('access-denied', '$', 'Your requested role is not in allowed roles')
  const vars: Record<string, string> = {}
  for (const [name, value] of lower)
    if (name.startsWith('x-hasura-') && !notVariables.has(name))
      vars[name] = typeof value === 'string' ? value : JSON.stringify(value)
  return { role, vars: { ...vars, 'x-hasura-role': role } }
}

function rolesOf(claims: Map<string, unknown>): string[] {
  const roles = claims.get(allowedRoles)
  if (roles === undefined) throw missingRoles(allowedRoles)
  if (Array.isArray(roles) && roles.every(role => typeof role === 'string')) return roles
  const kind = Array.isArray(roles) ? 'Array' : roles === null ? 'Null' : capitalised(typeof roles)
  throw invalidClaims(
    `invalid ${allowedRoles}; should be a list of roles: parsing [] failed, expected Array, but encountered ${kind}`,
  )
}

function defaultOf(claims: Map<string, unknown>): string {
  const role = claims.get(defaultRole)
  if (role === undefined) throw missingRoles(defaultRole)
  if (typeof role === 'string' && role !== '') return role
  const kind = Array.isArray(role) ? 'Array' : role === null ? 'Null' : capitalised(typeof role)
  const fault =
    role === '' ? 'empty string not allowed' : `parsing Text failed, expected String, but encountered ${kind}`
  throw invalidClaims(`invalid ${defaultRole}; should be a single role name: ${fault}`)
}

function capitalised(word: string): string {
  return word.charAt(0).toUpperCase() + word.slice(1)
}

function missingRoles(name: string): RequestError {
  return new RequestError('jwt-missing-role-claims', '$', `JWT claim does not contain ${name}`)
}
function invalidClaims(message: string): RequestError {
  return new RequestError('jwt-invalid-claims', '$', message)
}

function inNamespace(
  { claims_namespace, claims_namespace_path, claims_format }: ClaimsConfig,
  claims: Claims,
): Claims {
  const name = claims_namespace ?? 'https://hasura.io/jwt/claims'
  const found = claims_namespace_path === undefined ? claims[name] : at(claims, claims_namespace_path)
  if (found === undefined)
    throw invalidClaims(
      claims_namespace_path === undefined
        ? `claims key: '${name}' not found`
        : `claims not found at claims_namespace_path: '${claims_namespace_path}'`,
    )
  if (claims_format !== 'stringified_json') {
    if (isObject(found)) return found
    throw invalidClaims('expecting a json object when claims_format is json')
  }
  if (typeof found !== 'string')
    throw invalidClaims('expecting a string when claims_format is stringified_json')
  const value = parsed(found)
  if (isObject(value)) return value
  const place =
    claims_namespace_path === undefined
      ? `claims_namespace ${name}`
      : `claims_namespace_path ${claims_namespace_path}`
  throw invalidClaims(`expecting stringified json at: '${place}', but found: ${found}`)
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function isObject(value: unknown): value is Claims {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function mapped(map: Record<string, MappedClaim>, claims: Claims): Claims {
  const found: Claims = {}
  for (const [name, to] of Object.entries(map)) {
    if (typeof to === 'string' || Array.isArray(to)) {
      found[name] = to
      continue
    }
    const value = at(claims, to.path) ?? to.default
    if (value !== undefined) found[name] = value
    else if (!name.endsWith('-roles') && !name.endsWith('-role'))
      throw invalidClaims(`JWT claim from claims_map, ${name} not found`)
  }
  return found
}

const step = /^(?:\.?([A-Za-z_][\w-]*)|\.?\[(\d+)\]|\.?\[["']([^"']*)["']\])/

/** `$.hasura['claims%']`, `$.['https://myapp.com/jwt/claims'].user.id` */
function at(claims: Claims, path: string): unknown {
  let rest = path.replace(/^\$/, '')
  let value: unknown = claims
  while (rest !== '') {
    const found = step.exec(rest)
    if (!found) return undefined
    const key = found[1] ?? found[2] ?? found[3] ?? ''
    const inner: object = typeof value === 'object' && value !== null ? value : {}
    if (!Object.hasOwn(inner, key)) return undefined
    value = Object.entries(inner).find(([name]) => name === key)?.[1]
    rest = rest.slice(found[0].length)
  }
  return value
}
