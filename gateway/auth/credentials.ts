/** What a request proves itself with: an API key or a token, in one place, once. */
import { hashApiKey, isApiKey } from '@glimmr/lib/api-keys'
import { maxTokenBytes } from '@glimmr/lib/auth'
import { Refusal } from './refusals.ts'
import { readProtocols } from './socket-protocols.ts'

/** A key or a token, with the hash that it is known by from here on: nothing remembers the text itself. */
export type Presented = { text: string; hash: Buffer /** The same in base64. */; index: string }
export type Credential = Presented & { kind: 'key' | 'token' }
export type CredentialHeaders = Readonly<Record<string, string | string[] | undefined>>

/** Throws Refusal. Two credentials are refused, even equal ones: which of them counts must not be a guess. */
export function credentialOf(headers: CredentialHeaders): Credential {
  const authorization = headers.authorization
  const apiKey = headers['x-api-key']
  if (Array.isArray(authorization) || Array.isArray(apiKey) || (authorization && apiKey))
    throw new Refusal('two_credentials')
  const protocols = headers['sec-websocket-protocol']
  if (protocols !== undefined) {
    const { tokens } = readProtocols(protocols)
    if (tokens.length > 1 || (tokens.length > 0 && (authorization || apiKey)))
      throw new Refusal('two_credentials')
    if (tokens[0] !== undefined) return protocolToken(tokens[0])
  }
  if (apiKey) return keyOf(apiKey)
  if (!authorization) throw new Refusal('no_credentials')
  const bearer = /^Bearer +([\w.~+/=-]+)$/i.exec(authorization)?.[1]
  if (!bearer) throw new Refusal('bad_credentials')
  return bearer.startsWith('glm_') ? keyOf(bearer) : tokenOf(bearer)
}

/** Only a token, which ends by itself: this header is not one that proxies and tools know to keep secret. */
function protocolToken(token: string): Credential {
  if (token.startsWith('glm_')) throw new Refusal('key_in_protocol')
  if (!/^[\w.-]+$/.test(token)) throw new Refusal('bad_token')
  return tokenOf(token)
}

function keyOf(text: string): Credential {
  if (!isApiKey(text)) throw new Refusal('unknown_key', { detail: 'This is not of the form of an API key' })
  return { kind: 'key', ...presented(text) }
}

function tokenOf(text: string): Credential {
  if (text.length > maxTokenBytes) throw new Refusal('bad_token')
  return { kind: 'token', ...presented(text) }
}

export function presented(text: string): Presented {
  // SHA-256, as keys are stored.
  const hash = hashApiKey(text)
  return { text, hash, index: hash.toString('base64') }
}
