/** Nobody gives away more than they have. */
import { type Role, scopesOf } from '@glimmr/lib/api-keys'
import { identityOf } from '@glimmr/lib/auth'
import { problem } from '@glimmr/lib/errors'
import type { FastifyRequest } from 'fastify'

/** Throws 403 unless the caller has every scope of these roles: an admin makes no operator. */
export function requireGrantable(request: FastifyRequest, roles: readonly Role[]): void {
  const { scopes } = identityOf(request)
  const beyond = scopesOf(roles).filter(scope => !scopes.includes(scope))
  if (beyond.length > 0)
    throw problem(403, `${roles.join(', ')} may ${beyond.join(', ')}, which you may not: you cannot give it`)
}
