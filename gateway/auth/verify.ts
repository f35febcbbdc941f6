/**
 * The ForwardAuth verdict: who is asking, and may they? One function behind both the HTTP endpoint (Traefik) and the
 * direct call (gateway/router in the same process).
 * https://doc.traefik.io/traefik/middlewares/http/forwardauth/
 */
import { graphqlRoles } from '@glimmr/lib/api-keys'
import { problemDocument, problemType } from '@glimmr/lib/errors'
import { requireChosen } from './chosen-organisation.ts'
import type { CredentialHeaders } from './credentials.ts'
import type { Identity } from './identify.ts'
import { challengeOf, Refusal, type RefusalReason } from './refusals.ts'
import { readProtocols } from './socket-protocols.ts'

export type VerifyRequest = {
  /** Path and query of the endpoint: `/verify?scope=media:read&write_scope=media:write`. */
  address: string
  headers: CredentialHeaders
  /** Of the request in question. */
  method: string
  uri: string
  requestId: string
  traceId: string | undefined
  /** The socket it came on: what is shown again there need not be worked out again. */
  connection?: object
}

export type Verdict = { status: number; headers: Readonly<Record<string, string>>; body: string }
export type Verify = (request: VerifyRequest) => Verdict | Promise<Verdict>

export type VerifyContext = {
  identify(headers: CredentialHeaders, connection: object | undefined): Identity | Promise<Identity>
  onAdmitted(identity: Identity): void
  onRefused(reason: RefusalReason, request: VerifyRequest): void
}

export function createVerify({ identify, onAdmitted, onRefused }: VerifyContext): Verify {
  const refuse = (request: VerifyRequest, error: unknown): Verdict => {
    if (!(error instanceof Refusal)) throw error
    onRefused(error.reason, request)
    return refusalVerdict(request, error)
  }
  const admit = (request: VerifyRequest, identity: Identity): Verdict => {
    requireChosen(request.headers, identity.organisation)
    requireScopes(identity, requirementsOf(request.address), request.method)
    const headers = identityHeaders(identity, request)
    onAdmitted(identity)
    return { status: 200, headers, body: '' }
  }
  return request => {
    try {
      const identity = identify(request.headers, request.connection)
      if (!(identity instanceof Promise)) return admit(request, identity)
      return identity.then(found => admit(request, found)).catch(error => refuse(request, error))
    } catch (error) {
      return refuse(request, error)
    }
  }
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

function identityHeaders(
  { roles, headers: said }: Identity,
  { headers }: VerifyRequest,
): Readonly<Record<string, string>> {
  const role = headers['x-hasura-role']
  const protocols = headers['sec-websocket-protocol']
  // The same object for the same identity: whoever asks may remember what it makes of it.
  if (role === undefined && protocols === undefined) return said
  if (role !== undefined) requireRole(role, graphqlRoles(roles))
  return {
    ...said,
    ...(role !== undefined && { 'x-hasura-role': role }),
    // A token among them ends here. Without this line the routers would drop the others with it.
    ...(protocols !== undefined && otherProtocols(protocols)),
  }
}

function otherProtocols(header: string | readonly string[]): Record<string, string> {
  const { others } = readProtocols(header)
  return others === '' ? {} : { 'sec-websocket-protocol': others }
}

function requireRole(role: string | string[], allowed: readonly string[]): asserts role is string {
  if (Array.isArray(role) || !allowed.includes(role))
    throw new Refusal('role_not_allowed', { detail: `X-Hasura-Role must be one of ${allowed.join(', ')}` })
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
