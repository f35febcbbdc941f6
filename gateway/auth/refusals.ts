/** Every reason for which auth refuses, in one place: the status, the sentence, and the label of the metric. */

export const refusals = {
  no_credentials: [401, 'This needs an API key or an access token in the Authorization header: "Bearer …"'],
  two_credentials: [401, 'Send one credential: the Authorization header, X-Api-Key or a sub-protocol, once'],
  bad_credentials: [401, 'The Authorization header is not of the form "Bearer …"'],
  key_in_protocol: [
    401,
    'An API key has no place in a WebSocket sub-protocol: get a token for it from POST /v1/core/tokens',
  ],
  unknown_key: [401, 'There is no such API key'],
  revoked_key: [401, 'The API key was revoked'],
  expired_key: [401, 'The API key has expired'],
  disabled_user: [401, 'The user was disabled'],
  suspended_organisation: [401, 'The organisation is suspended'],
  bad_token: [401, 'The access token is not one of ours, or it was changed; nor is it an API key (glm_…)'],
  expired_token: [401, 'The access token has expired; get a new one from POST /v1/core/tokens'],
  wrong_audience: [401, 'The access token is for another audience'],
  wrong_issuer: [401, 'The access token comes from another issuer'],
  outgrown_token: [
    401,
    'The access token may do more than its key does now; get a new one from POST /v1/core/tokens',
  ],
  no_access: [403, 'The token is good, but nothing in it gives its bearer an organisation and a role here'],
  organisation_not_named: [
    403,
    'The token names no organisation of this installation: say in X-Organisation which of yours you act for, by its id',
  ],
  organisation_not_allowed: [
    403,
    'X-Organisation names an organisation that the credential does not act for',
  ],
  missing_scope: [403, 'The credential lacks a scope that this needs'],
  role_not_allowed: [403, 'X-Hasura-Role names a role that the credential does not have'],
  unavailable: [503, 'Keys cannot be checked at the moment; try again in a few seconds'],
} as const satisfies Record<string, readonly [status: number, sentence: string]>

export type RefusalReason = keyof typeof refusals

/** Thrown where a credential fails; shown in verify.ts and the token route. */
export class Refusal extends Error {
  override name = 'Refusal'
  readonly reason: RefusalReason
  readonly status: number
  /** The scope that is missing, for WWW-Authenticate. */
  readonly scope: string | undefined

  constructor(reason: RefusalReason, options: { detail?: string; scope?: string; cause?: unknown } = {}) {
    super(options.detail ?? refusals[reason][1], { cause: options.cause })
    this.reason = reason
    this.status = refusals[reason][0]
    this.scope = options.scope
  }
}

/** https://www.rfc-editor.org/rfc/rfc6750#section-3 */
export function challengeOf({ reason, status, message, scope }: Refusal): Record<string, string> {
  if (status === 503) return { 'retry-after': '5' }
  const error = reason === 'no_credentials' ? '' : status === 403 ? 'insufficient_scope' : 'invalid_token'
  const parts = [
    'realm="glimmr"',
    error && `error="${error}"`,
    error && `error_description="${message.replace(/["\\]/g, "'").replace(/[^\x20-\x7e]/g, '?')}"`,
    scope && `scope="${scope}"`,
  ]
  return { 'www-authenticate': `Bearer ${parts.filter(Boolean).join(', ')}` }
}
