/**
 * The keys of our tokens and how they follow one another: `next` is published before it signs, `current` signs, a retired
 * one verifies what it signed until that has expired, and then leaves.
 */
import { mkdir, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { TokenAlgorithm } from '@glimmr/lib/published-keys'
import { readKeyFile, type StoredKey, type StoredKeys, withKeyLock, writeKeyFile } from './key-file.ts'
import { generateSigningKey, parseSigningKey } from './signing-key.ts'

/** Of the tokens that POST /v1/core/tokens makes: nothing that we sign lives longer. */
export const longestTokenSeconds = 900
/** What readers of the JWKS may keep it for. */
export const publishedSeconds = 300
const clockSkewMs = 60_000
const maxRetired = 20
/** A next key must have been published for this long: as long as two readers after one another may keep the old JWKS. */
const heardOfMs = 2 * publishedSeconds * 1000

/** Reads the keys of `directory`, creating it and them at the first start. Safe when two processes start at once. */
export async function loadSigningKeys(directory: string, nowMs = Date.now()): Promise<StoredKeys> {
  await mkdir(directory, { recursive: true, mode: 0o700 })
  const known = await readKeyFile(directory)
  if (known) return known
  const [current, next] = await Promise.all([
    givenKey(directory, 'current', nowMs),
    givenKey(directory, 'next', nowMs),
  ])
  await writeKeyFile(directory, { current, next, retired: [], rotatedAtMs: undefined }, 'new')
  const made = await readKeyFile(directory)
  if (!made) throw new Error(`the signing keys in ${directory} could not be made`)
  for (const name of ['current', 'next'])
    for (const form of forms) await rm(join(directory, `${name}.${form}`), { force: true })
  return made
}

const forms = ['jwk', 'pem'] as const

/** A key of the operator's own: `current.pem` or `current.jwk` (and `next`) before the first start, taken in and removed. */
async function givenKey(directory: string, name: 'current' | 'next', nowMs: number): Promise<StoredKey> {
  for (const form of forms) {
    const path = join(directory, `${name}.${form}`)
    const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOENT') throw new Error(`the signing key ${path} cannot be read`, { cause: error })
    })
    if (text === undefined) continue
    const key = await parseSigningKey(text).catch(() => {
      throw new Error(`${path} holds no usable private key`)
    })
    return { ...key, madeAtMs: nowMs }
  }
  return { ...(await generateSigningKey('RS256')), madeAtMs: nowMs }
}

export type Rotation = {
  /** Of the key that is made: it signs after the next rotation. */
  algorithm?: TokenAlgorithm
  /** Also when the next key is so new that some reader of the JWKS may not have heard of it. */
  hurry?: boolean
  /** The keys were stolen, which are all in one file: every one is replaced, and what they signed is refused from now on. */
  discard?: boolean
  nowMs?: number
}

/** next signs from now on, current only verifies, and a new next is made. Throws a sentence when it is too early. */
export function rotateSigningKeys(
  directory: string,
  { algorithm = 'RS256', hurry = false, discard = false, nowMs = Date.now() }: Rotation = {},
): Promise<StoredKeys> {
  const made = async () => ({ ...(await generateSigningKey(algorithm)), madeAtMs: nowMs })
  return withKeyLock(directory, async () => {
    const stored = await loadSigningKeys(directory, nowMs)
    if (!discard) requireReady(stored, { hurry, nowMs })
    const rotated: StoredKeys = discard
      ? { current: await made(), next: await made(), retired: [], rotatedAtMs: nowMs }
      : { current: stored.next, next: await made(), retired: retiredAfter(stored, nowMs), rotatedAtMs: nowMs }
    await writeKeyFile(directory, rotated)
    return rotated
  })
}

function requireReady(
  { next, rotatedAtMs }: StoredKeys,
  { hurry, nowMs }: { hurry: boolean; nowMs: number },
): void {
  const readyInMs = rotatedAtMs === undefined ? 0 : next.madeAtMs + heardOfMs - nowMs
  if (readyInMs > 0 && !hurry) throw new TooEarly(Math.ceil(readyInMs / 1000))
}

/** Those that verify once `current` has retired as well. */
function retiredAfter({ current, retired }: StoredKeys, nowMs: number): StoredKeys['retired'] {
  const still = retired.filter(one => one.verifiesUntilMs > nowMs)
  if (still.length >= maxRetired)
    throw new Error(`${maxRetired} retired keys still verify tokens: wait until some of them have ended`)
  return [{ ...current, verifiesUntilMs: nowMs + longestTokenSeconds * 1000 + clockSkewMs }, ...still]
}

export class TooEarly extends Error {
  override name = 'TooEarly'
  constructor(seconds: number) {
    super(
      `the next key was published a moment ago and some verifiers may not have heard of it: try again in ${seconds} s, or rotate with --now`,
    )
  }
}
