/** One key that signs our tokens: RS256, ES256 or EdDSA, and nothing else with it. Its id is its RFC 7638 thumbprint. */
import { createPrivateKey, createPublicKey, generateKeyPair, type KeyObject } from 'node:crypto'
import { promisify } from 'node:util'
import { algorithmOf, type TokenAlgorithm } from '@glimmr/lib/published-keys'
import { calculateJwkThumbprint, type JWK } from 'jose'

export type SigningKey = {
  kid: string
  /** A token that names another algorithm with this key is refused. */
  algorithm: TokenAlgorithm
  privateKey: KeyObject
  publicKey: KeyObject
  /** As published. */
  jwk: JWK
}

const generate = promisify(generateKeyPair)

export async function generateSigningKey(algorithm: TokenAlgorithm): Promise<SigningKey> {
  const { privateKey } = await generators[algorithm]()
  return signingKeyOf(privateKey)
}

const generators = {
  RS256: () => generate('rsa', { modulusLength: 2048 }),
  ES256: () => generate('ec', { namedCurve: 'P-256' }),
  EdDSA: () => generate('ed25519'),
}

/** From a private JWK or PEM; throws for anything else, without repeating it. */
export async function parseSigningKey(text: string): Promise<SigningKey> {
  const pem = text.trimStart().startsWith('-----BEGIN')
  return signingKeyOf(
    pem ? createPrivateKey(text) : createPrivateKey({ key: JSON.parse(text), format: 'jwk' }),
  )
}

export async function signingKeyOf(privateKey: KeyObject): Promise<SigningKey> {
  const publicKey = createPublicKey(privateKey)
  const shown = publicKey.export({ format: 'jwk' })
  const algorithm = algorithmOf(shown)
  const bits = publicKey.asymmetricKeyDetails?.modulusLength
  if (!algorithm || (bits !== undefined && bits < 2048))
    throw new Error('it is no RSA key of 2048 bits or more, no P-256 and no Ed25519 key')
  const kid = await calculateJwkThumbprint(shown as JWK)
  return {
    kid,
    algorithm,
    privateKey,
    publicKey,
    jwk: { ...(shown as JWK), kid, use: 'sig', alg: algorithm },
  }
}
