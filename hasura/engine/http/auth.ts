/** Who asks: the admin secret, then a token, then the role for those who show nothing. */
import { createHash, timingSafeEqual } from 'node:crypto'
import { RequestError } from '../errors.ts'
import { admin } from '../model/role-permissions.ts'
import type { Session } from '../session.ts'
import type { Headers, JwtCheck } from './jwt.ts'

export type AuthOptions = {
  /** Without one, everybody is trusted to be whom they say. */
  adminSecret?: string | undefined
  jwt?: JwtCheck | undefined
  /** The role of requests without credentials. */
  unauthorizedRole?: string | undefined
}

export function authenticate({ adminSecret, jwt, unauthorizedRole }: AuthOptions, headers: Headers): Session {
  if (adminSecret === undefined) return trusted(headers)
  const given = headers['x-hasura-admin-secret'] ?? headers['x-hasura-access-key']
  if (given !== undefined) {
    if (!sameSecret(given, adminSecret))
      throw new RequestError(
        'access-denied',
        '$',
        'invalid x-hasura-admin-secret/x-hasura-access-key',
        undefined,
        401,
      )
    return trusted(headers)
  }
  const session = jwt?.(headers)
  if (session) return session
  if (unauthorizedRole !== undefined)
    return { role: unauthorizedRole, vars: { 'x-hasura-role': unauthorizedRole } }
  if (jwt)
    throw new RequestError(
      'invalid-headers',
      '$',
      "Missing 'Authorization' or 'Cookie' header in JWT authentication mode",
    )
  throw new RequestError(
    'access-denied',
    '$',
    'x-hasura-admin-secret/x-hasura-access-key required, but not found',
    undefined,
    401,
  )
}

/** The sender may be whom it says. */
function trusted(headers: Headers): Session {
  const vars: Record<string, string> = {}
  for (const [name, value] of Object.entries(headers))
    if (name.startsWith('x-hasura-') && !secret.has(name)) vars[name] = value
  const role = vars['x-hasura-role'] || admin
  return { role, vars: { ...vars, 'x-hasura-role': role } }
}

/** Whether a request claims to be of admin. */
export function showsSecret(headers: Headers): boolean {
  return [...secret].some(name => headers[name] !== undefined)
}

const secret = new Set(['x-hasura-admin-secret', 'x-hasura-access-key'])

function sameSecret(given: string, wanted: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest()
  return timingSafeEqual(digest(given), digest(wanted))
}
