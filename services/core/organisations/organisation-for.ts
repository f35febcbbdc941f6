/** Whose data a request is about: the caller's own organisation, or any for who holds the installation. */
import { identityOf, requireScope } from '@glimmr/lib/auth'
import type { FastifyRequest } from 'fastify'
import { z } from 'zod'

/** For the parameters and bodies of such requests. */
export const organisationParameter = {
  organisation_id: z
    .uuid()
    .optional()
    .describe('Another than the own organisation: needs the scope organisations'),
}

/** The own organisation unless another is `asked` for, which is refused (403) without the scope `organisations`. */
export function organisationFor(request: FastifyRequest, asked: string | undefined): string {
  const identity = identityOf(request)
  if (asked === undefined || asked === identity.organisation) return identity.organisation
  requireScope(identity, 'organisations')
  return asked
}

/** The organisations whose keys and users the caller may change by their ids: the own one (an id), or all (null). */
export function changeableBy(request: FastifyRequest): string | null {
  const { organisation, scopes } = identityOf(request)
  return scopes.includes('organisations') ? null : organisation
}
