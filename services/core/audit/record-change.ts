/** A line of the audit log, in the transaction of the change itself: both are there, or neither. */
import { identityOf } from '@glimmr/lib/auth'
import { execute, type Queryable } from '@glimmr/lib/db'
import { sql } from '@glimmr/lib/sql'
import type { FastifyRequest } from 'fastify'

export const actions = [
  'organisation.created',
  'organisation.changed',
  'user.created',
  'user.changed',
  'api_key.created',
  'api_key.revoked',
  'payer_rule.created',
  'payer_rule.deleted',
  'canonical_payer.changed',
  'canonical_payer.deleted',
] as const

export type Change = {
  /** Whose data it is; the caller's own, or another's that an operator changes. */
  organisation: string
  action: (typeof actions)[number]
  /** Id of what was changed. */
  target: string
  /** What changed. Never a secret. */
  detail?: Record<string, unknown>
}

export async function recordChange(
  db: Queryable,
  request: FastifyRequest,
  { organisation, action, target, detail = {} }: Change,
): Promise<void> {
  await execute(
    db,
    sql`insert into core.audit_log (organisation_id, actor, action, target, detail, request_id)
      values (${organisation}, ${identityOf(request).subject}, ${action}, ${target}, ${JSON.stringify(detail)},
        ${request.id})`,
  )
}
