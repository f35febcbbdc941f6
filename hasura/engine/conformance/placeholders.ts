/** Fills in what a vector leaves open: keys, tokens, times. */
import { createHmac, generateKeyPairSync, type KeyObject, sign } from 'node:crypto'

const keys = {
  rsa: generateKeyPairSync('rsa', { modulusLength: 2048 }),
  es: generateKeyPairSync('ec', { namedCurve: 'P-256' }),
  ed25519: generateKeyPairSync('ed25519'),
}
type KeyName = keyof typeof keys

const isKey = (name: string): name is KeyName => name in keys

/** The key that `{{rsa_private_key}}` signs with, as an address of keys gives it. */
export function publicJwks(): { keys: unknown[] } {
  return { keys: [{ ...keys.rsa.publicKey.export({ format: 'jwk' }), use: 'sig', alg: 'RS256' }] }
}

export function fill(text: string): string {
  return withTokens(text).replace(/\{\{(rsa|es|ed25519)_public_key\}\}/g, (whole, name: string) =>
    isKey(name) ? String(keys[name].publicKey.export({ type: 'spki', format: 'pem' })) : whole,
  )
}

/** `{{jwt:{"claims": …, "key": …, "alg": …}}}` */
function withTokens(text: string): string {
  const start = text.indexOf('{{jwt:')
  if (start < 0) return text
  const end = text.lastIndexOf('}}')
  const given: { claims: unknown; key: string; alg: string } = JSON.parse(
    withTimes(text.slice(start + 6, end)),
  )
  return text.slice(0, start) + token(given) + text.slice(end + 2)
}

/** Times were recorded from the beginning of the recording; a token was made when it says so itself (`iat`). */
function withTimes(text: string): string {
  const made = Number(/"iat":\s*"\{\{now([+-]\d+)\}\}"/.exec(text)?.[1] ?? 0)
  const now = Math.floor(Date.now() / 1000) - made
  return text.replace(/"\{\{now([+-]\d+)\}\}"/g, (_, offset: string) => String(now + Number(offset)))
}

function token({ claims, key, alg }: { claims: unknown; key: string; alg: string }): string {
  const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')
  const signed = `${part({ typ: 'JWT', alg })}.${part(claims)}`
  return `${signed}.${signature(Buffer.from(signed), key, alg).toString('base64url')}`
}

function signature(signed: Buffer, key: string, alg: string): Buffer {
  const name = /^\{\{(\w+)_private_key\}\}$/.exec(key)?.[1] ?? ''
  if (!isKey(name)) return createHmac('sha256', key).update(signed).digest()
  const { privateKey }: { privateKey: KeyObject } = keys[name]
  if (name === 'ed25519') return sign(null, signed, privateKey)
  return sign(
    `sha${alg.slice(2)}`,
    signed,
    name === 'es' ? { key: privateKey, dsaEncoding: 'ieee-p1363' } : privateKey,
  )
}
