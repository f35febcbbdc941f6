/**
 * The ForwardAuth verdict: who is asking, and may they? One function behind both the HTTP endpoint (Traefik) and the
 * direct call (gateway/router in the same process).
 * https://doc.traefik.io/traefik/middlewares/http/forwardauth/
 */
import { problemDocument, problemType } from '@glimmr/lib/errors'
import type { ApiKeys } from './api-keys.ts'
import { type CredentialHeaders, credentialOf } from './credentials.ts'
import type { InternalTokens } from './internal-tokens.ts'
import { challengeOf, Refusal, type RefusalReason } from './refusals.ts'
import type { Tokens } from './tokens.ts'

export type VerifyRequest = {
  /** Path and query of the endpoint: `/verify?scope=media:read&write_scope=media:write`. */
  address: string
  headers: CredentialHeaders
  /** Of the request in question. */
  method: string
  uri: string
  requestId: string
  traceId: string | undefined
}

export type Verdict = { status: number; headers: Record<string, string>; body: string }
export type Verify = (request: VerifyRequest) => Verdict | Promise<Verdict>

export type VerifyContext = {
  apiKeys: ApiKeys
  tokens: Tokens
  internalTokens: InternalTokens
  onAdmitted(keyId: string): void
  onRefused(reason: RefusalReason): void
}

type Identity = { keyId: string; organisation: string; roles: string[]; scopes: string[]; token: string }

export function createVerify(context: VerifyContext): Verify {
  const refuse = (request: VerifyRequest, error: unknown): Verdict => {
    if (!(error instanceof Refusal)) throw error
    context.onRefused(error.reason)
    return refusalVerdict(request, error)
  }
  const admit = (request: VerifyRequest, identity: Identity): Verdict => {
    requireScopes(identity, requirementsOf(request.address), request.method)
    const headers = identityHeaders(identity, request)
    context.onAdmitted(identity.keyId)
    return { status: 200, headers, body: '' }
  }
  return request => {
    try {
      const identity = identify(request.headers, context)
      if (!(identity instanceof Promise)) return admit(request, identity)
      return identity.then(found => admit(request, found)).catch(error => refuse(request, error))
    } catch (error) {
      return refuse(request, error)
    }
  }
}

/** At once for what was seen before: no promise, no signature, no query. */
function identify(
  headers: CredentialHeaders,
  { apiKeys, tokens, internalTokens }: VerifyContext,
): Identity | Promise<Identity> {
  const credential = credentialOf(headers)
  if (credential.kind === 'key') {
    const record = apiKeys.byKey(credential.key)
    if (record instanceof Promise) return record.then(found => internalIdentity(found, internalTokens))
    return internalIdentity(record, internalTokens)
  }
  const { token } = credential
  const bearer = tokens.verify(token)
  // A token ends with the key behind it, and never outgrows it.
  const settle = (found: Awaited<typeof bearer>): Identity | Promise<Identity> => {
    const record = apiKeys.byId(found.keyId)
    return record instanceof Promise ? record.then(() => ({ ...found, token })) : { ...found, token }
  }
  return bearer instanceof Promise ? bearer.then(settle) : settle(bearer)
}

function internalIdentity(
  { id, organisation_id: organisation, roles, scopes, ...record }: Parameters<InternalTokens['forKey']>[0],
  internalTokens: InternalTokens,
): Identity | Promise<Identity> {
  const token = internalTokens.forKey({ id, organisation_id: organisation, roles, scopes, ...record })
  const identity = (made: string): Identity => ({ keyId: id, organisation, roles, scopes, token: made })
  return token instanceof Promise ? token.then(identity) : identity(token)
}

type Requirements = { scope: string | undefined; writeScope: string | undefined }

const readMethods = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE'])
const parsedAddresses = new Map<string, Requirements>()

/** Addresses come from route files: a handful. */
function requirementsOf(address: string): Requirements {
  const known = parsedAddresses.get(address)
  if (known) return known
  const parameters = new URL(address, 'http://auth').searchParams
  const parsed = {
    scope: parameters.get('scope') ?? undefined,
    writeScope: parameters.get('write_scope') ?? undefined,
  }
  if (parsedAddresses.size < 1000) parsedAddresses.set(address, parsed)
  return parsed
}

function requireScopes({ scopes }: Identity, { scope, writeScope }: Requirements, method: string): void {
  const needed = writeScope !== undefined && !readMethods.has(method) ? writeScope : scope
  if (needed === undefined || scopes.includes(needed)) return
  const detail = `This needs the scope ${needed}; the credential has ${scopes.join(', ') || 'none'}`
  throw new Refusal('missing_scope', { detail, scope: needed })
}

function identityHeaders(identity: Identity, { headers, requestId }: VerifyRequest): Record<string, string> {
  const role = headers['x-hasura-role']
  if (role !== undefined && (Array.isArray(role) || !identity.roles.includes(role)))
    throw new Refusal('role_not_allowed', {
      detail: `X-Hasura-Role must be one of ${identity.roles.join(', ')}`,
    })
  return {
    authorization: `Bearer ${identity.token}`,
    'x-auth-subject': `key:${identity.keyId}`,
    'x-auth-org': identity.organisation,
    'x-auth-roles': identity.roles.join(','),
    'x-auth-scopes': identity.scopes.join(','),
    'x-request-id': requestId,
    ...(role !== undefined && { 'x-hasura-role': role }),
  }
}

function refusalVerdict({ uri, requestId, traceId }: VerifyRequest, refusal: Refusal): Verdict {
  const { status, message: detail } = refusal
  const document = problemDocument(
    { status, detail, errors: undefined },
    { instance: uri.split('?', 1)[0] ?? '', requestId, traceId },
  )
  return {
    status,
    headers: {
      'content-type': problemType,
      'cache-control': 'no-store',
      'x-request-id': requestId,
      ...challengeOf(refusal),
    },
    body: JSON.stringify(document),
  }
}
