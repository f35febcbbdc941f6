/** From the header to who it is: an API key, a token of ours, or one of an issuer we were told of. */
import { createConnectionMemo } from '@glimmr/lib/connection-memo'
import { decodeJwt } from 'jose'
import type { ApiKey, ApiKeys } from './api-keys.ts'
import { chosenOrganisation } from './chosen-organisation.ts'
import { type Credential, type CredentialHeaders, credentialOf } from './credentials.ts'
import type { InternalTokens } from './internal-tokens.ts'
import type { ExternalTokens } from './issuers/external-tokens.ts'
import type { Principal } from './principal.ts'
import { Refusal } from './refusals.ts'
import type { Bearer, Tokens } from './tokens.ts'

export type Identity = Omit<Principal, 'name' | 'version'> & {
  /** Of ours, for the service. */
  token: string
  /** The API key behind it, if one is. */
  keyId: string | undefined
  /** What the service is told, by header. */
  headers: Readonly<Record<string, string>>
}

export type IdentifyContext = {
  apiKeys: ApiKeys
  tokens: Tokens
  internalTokens: InternalTokens
  externalTokens: ExternalTokens
}

/** Throws Refusal. At once for what was seen before: no promise, no signature, no query. */
export function createIdentify({ apiKeys, tokens, internalTokens, externalTokens }: IdentifyContext) {
  // One object for as long as neither changes: what is made of it can be remembered with it.
  const made = new WeakMap<Principal, Identity>()
  const identityOf = (principal: Principal, keyId: string | undefined, token: string): Identity => {
    const known = made.get(principal)
    if (known?.token === token) return known
    const identity = { ...principal, token, keyId, headers: identityHeaders(principal, token) }
    made.set(principal, identity)
    return identity
  }
  const withToken = (principal: Principal, keyId: string | undefined): Identity | Promise<Identity> => {
    const token = internalTokens.for(principal)
    if (token instanceof Promise) return token.then(signed => identityOf(principal, keyId, signed))
    return identityOf(principal, keyId, token)
  }
  const ofKey = ({ id, principal }: ApiKey) => withToken(principal, id)
  const shown = createConnectionMemo<Credential>()
  const credentialIn = (headers: CredentialHeaders, connection: object | undefined): Credential => {
    const { authorization } = headers
    const alone =
      typeof authorization === 'string' &&
      headers['x-api-key'] === undefined &&
      headers['sec-websocket-protocol'] === undefined
    if (!alone || !connection) return credentialOf(headers)
    const before = shown.get(connection, authorization)
    if (before) return before
    const credential = credentialOf(headers)
    shown.set(connection, authorization, credential)
    return credential
  }
  const ofBearer = (bearer: Bearer, token: string): Identity | Promise<Identity> => {
    const key = apiKeys.byId(bearer.keyId)
    if (key instanceof Promise) return key.then(found => bearerIdentity(bearer, found, token))
    return bearerIdentity(bearer, key, token)
  }
  return (headers: CredentialHeaders, connection: object | undefined): Identity | Promise<Identity> => {
    const credential = credentialIn(headers, connection)
    if (credential.kind === 'key') {
      const key = apiKeys.byKey(credential)
      return key instanceof Promise ? key.then(ofKey) : ofKey(key)
    }
    const { text } = credential
    const issuer = externalTokens.any ? issuerIn(text) : undefined
    if (issuer !== undefined && externalTokens.knows(issuer))
      return externalTokens
        .verify(issuer, credential, chosenOrganisation(headers))
        .then(principal => withToken(principal, undefined))
    const bearer = tokens.verify(credential)
    return bearer instanceof Promise ? bearer.then(found => ofBearer(found, text)) : ofBearer(bearer, text)
  }
}

/** A token ends with the key behind it, and is no good for more than the key is good for now. */
function bearerIdentity(bearer: Bearer, { id, principal }: ApiKey, token: string): Identity {
  const { organisation, roles, scopes } = bearer
  const within =
    organisation === principal.organisation &&
    roles.every(role => principal.roles.includes(role)) &&
    scopes.every(scope => principal.scopes.includes(scope))
  if (!within) throw new Refusal('outgrown_token')
  const { subject, limitClass } = principal
  const known = { subject, organisation, roles, scopes, limitClass }
  return { ...known, token, keyId: id, headers: identityHeaders(known, token) }
}

function identityHeaders(
  { subject, organisation, roles, scopes, limitClass }: Omit<Principal, 'name' | 'version'>,
  token: string,
): Record<string, string> {
  return {
    authorization: `Bearer ${token}`,
    'x-auth-subject': subject,
    'x-auth-org': organisation,
    'x-auth-roles': roles.join(','),
    'x-auth-scopes': scopes.join(','),
    // Not for services: the routers of the next layer choose the limit by it.
    'x-auth-class': limitClass,
  }
}

/** Not verified: it only says whose keys to verify with. */
function issuerIn(token: string): string | undefined {
  try {
    return decodeJwt(token).iss
  } catch {
    return undefined
  }
}
