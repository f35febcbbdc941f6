/**
 * The RS256 keys of our tokens, as files that only their owner may read: `current` signs; `previous` still verifies
 * what it signed; `next` is published before it signs, so that nobody meets a key that they have not heard of.
 * A file is a private JWK (`current.jwk`) or a PEM (`current.pem`). Ids are RFC 7638 thumbprints.
 */
import { createPrivateKey, createPublicKey, generateKeyPair, type KeyObject, randomUUID } from 'node:crypto'
import { link, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { calculateJwkThumbprint, type JWK } from 'jose'

export type SigningKey = { kid: string; privateKey: KeyObject; publicKey: KeyObject; jwk: JWK }
export type SigningKeys = {
  current: SigningKey
  /** All that verify, current first. */
  all: readonly SigningKey[]
  /** What is published (RFC 7517). */
  jwks: { keys: JWK[] }
}

/** Reads the keys of `directory`, creating it and what is missing. Safe when two processes start at once. */
export async function loadSigningKeys(directory: string): Promise<SigningKeys> {
  await mkdir(directory, { recursive: true, mode: 0o700 })
  const [current, next] = await Promise.all([ensureKey(directory, 'current'), ensureKey(directory, 'next')])
  const previous = await readKey(directory, 'previous')
  const all = [current, next, ...(previous ? [previous] : [])]
  return { current, all, jwks: { keys: all.map(key => key.jwk) } }
}

/** next signs from now on, current only verifies, and a new next is made. Tokens in use stay good. */
export async function rotateSigningKeys(directory: string): Promise<SigningKeys> {
  await loadSigningKeys(directory)
  await moveKey(directory, 'current', 'previous')
  await moveKey(directory, 'next', 'current')
  return loadSigningKeys(directory)
}

type Name = 'current' | 'next' | 'previous'
const forms = ['jwk', 'pem'] as const

async function ensureKey(directory: string, name: Name): Promise<SigningKey> {
  const known = await readKey(directory, name)
  if (known) return known
  const { privateKey } = await promisify(generateKeyPair)('rsa', { modulusLength: 2048 })
  const path = join(directory, `${name}.jwk`)
  const draft = `${path}.${randomUUID()}`
  await writeFile(draft, JSON.stringify(privateKey.export({ format: 'jwk' })), { mode: 0o600, flag: 'wx' })
  try {
    // A link is made whole or not at all, and never over a key that another process has just made.
    await link(draft, path)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
  } finally {
    await rm(draft, { force: true })
  }
  const made = await readKey(directory, name)
  if (!made) throw new Error(`the signing key ${path} could not be made`)
  return made
}

async function readKey(directory: string, name: Name): Promise<SigningKey | undefined> {
  for (const form of forms) {
    const path = join(directory, `${name}.${form}`)
    const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return undefined
      throw new Error(`the signing key ${path} cannot be read`, { cause: error })
    })
    if (text !== undefined) return parseKey(text, path)
  }
  return undefined
}

async function parseKey(text: string, path: string): Promise<SigningKey> {
  try {
    const privateKey = text.trimStart().startsWith('-----BEGIN')
      ? createPrivateKey(text)
      : createPrivateKey({ key: JSON.parse(text), format: 'jwk' })
    const bits = privateKey.asymmetricKeyDetails?.modulusLength ?? 0
    if (privateKey.asymmetricKeyType !== 'rsa' || bits < 2048)
      throw new Error('it is no RSA key of 2048 bits or more')
    const publicKey = createPublicKey(privateKey)
    const { kty, n, e } = publicKey.export({ format: 'jwk' })
    const shown = { kty: String(kty), n: String(n), e: String(e) }
    const kid = await calculateJwkThumbprint(shown)
    return { kid, privateKey, publicKey, jwk: { ...shown, kid, use: 'sig', alg: 'RS256' } }
  } catch (cause) {
    // What the file holds stays out of the message.
    throw new Error(`${path} holds no usable private key`, { cause })
  }
}

async function moveKey(directory: string, from: Name, to: Name): Promise<void> {
  for (const form of forms) {
    const path = join(directory, `${from}.${form}`)
    try {
      await rename(path, join(directory, `${to}.${form}`))
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') continue
      throw error
    }
    for (const other of forms)
      if (other !== form) await rm(join(directory, `${to}.${other}`), { force: true })
    return
  }
}
