/** Who asks: the admin secret, or the role for those who show nothing. */
import { createHash, timingSafeEqual } from 'node:crypto'
import { RequestError } from '../errors.ts'
import type { Session } from '../session.ts'

export type AuthOptions = {
  adminSecret?: string | undefined
  /** The role of requests without credentials. */
  unauthorizedRole?: string | undefined
}

export function authenticate(options: AuthOptions, headers: Readonly<Record<string, string>>): Session {
  if (options.adminSecret === undefined) return trusted(headers)
  const given = headers['x-hasura-admin-secret'] ?? headers['x-hasura-access-key']
  if (given !== undefined) {
    if (!sameSecret(given, options.adminSecret))
      throw new RequestError('access-denied', '$', 'invalid x-hasura-admin-secret/x-hasura-access-key')
    return trusted(headers)
  }
  const { unauthorizedRole } = options
  if (unauthorizedRole !== undefined)
    return { role: unauthorizedRole, vars: { 'x-hasura-role': unauthorizedRole } }
  throw new RequestError(
    'access-denied',
    '$',
    'x-hasura-admin-secret/x-hasura-access-key required, but not found',
  )
}

/** The sender may be whom it says. */
function trusted(headers: Readonly<Record<string, string>>): Session {
  const vars: Record<string, string> = {}
  for (const [name, value] of Object.entries(headers))
    if (name.startsWith('x-hasura-') && !secret.has(name)) vars[name] = value
  return { role: vars['x-hasura-role'] ?? 'admin', vars }
}

const secret = new Set(['x-hasura-admin-secret', 'x-hasura-access-key'])

function sameSecret(given: string, wanted: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest()
  return timingSafeEqual(digest(given), digest(wanted))
}
