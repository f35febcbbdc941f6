/** What a request proves itself with: an API key or a token, in one header, once. */
import { isApiKey } from '@glimmr/lib/api-keys'
import { Refusal } from './refusals.ts'

export type Credential = { kind: 'key'; key: string } | { kind: 'token'; token: string }
export type CredentialHeaders = Readonly<Record<string, string | string[] | undefined>>

/** Throws Refusal. Two credentials are refused, even equal ones: which of them counts must not be a guess. */
export function credentialOf(headers: CredentialHeaders): Credential {
  const authorization = headers.authorization
  const apiKey = headers['x-api-key']
  if (Array.isArray(authorization) || Array.isArray(apiKey) || (authorization && apiKey))
    throw new Refusal('two_credentials')
  if (apiKey) return keyOf(apiKey)
  if (!authorization) throw new Refusal('no_credentials')
  const bearer = /^Bearer +([\w.~+/=-]+)$/i.exec(authorization)?.[1]
  if (!bearer) throw new Refusal('bad_credentials')
  return bearer.startsWith('glm_') ? keyOf(bearer) : { kind: 'token', token: bearer }
}

function keyOf(text: string): Credential {
  if (!isApiKey(text)) throw new Refusal('unknown_key', { detail: 'This is not of the form of an API key' })
  return { kind: 'key', key: text }
}
