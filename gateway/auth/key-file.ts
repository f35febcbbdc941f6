/**
 * The file that holds the signing keys, private, readable by its owner only, replaced as a whole: who reads it while it is
 * rotated sees the old keys or the new ones.
 */
import { chown, link, mkdir, open, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { z } from 'zod'
import { parseSigningKey, type SigningKey } from './signing-key.ts'

export type StoredKey = SigningKey & { madeAtMs: number }
export type StoredKeys = {
  /** Signs. */
  current: StoredKey
  /** Published before it signs, so that nobody meets a key that they have not heard of. */
  next: StoredKey
  /** Sign no more, and verify what they signed until it has expired. */
  retired: (StoredKey & { verifiesUntilMs: number })[]
  /** undefined: never yet. */
  rotatedAtMs: number | undefined
}

const time = z.iso.datetime()
const stored = z.object({ made_at: time, key: z.record(z.string(), z.unknown()) })
const fileSchema = z.object({
  version: z.literal(1),
  rotated_at: time.nullable(),
  current: stored,
  next: stored,
  retired: z.array(stored.extend({ verifies_until: time })).max(100),
})

export function keyFile(directory: string): string {
  return join(directory, 'signing-keys.json')
}

/** undefined where there is none yet. */
export async function readKeyFile(directory: string): Promise<StoredKeys | undefined> {
  const path = keyFile(directory)
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined
    throw new Error(`the signing keys ${path} cannot be read`, { cause: error })
  })
  if (text === undefined) return undefined
  try {
    const { current, next, retired, rotated_at } = fileSchema.parse(JSON.parse(text))
    return {
      current: await keyIn(current),
      next: await keyIn(next),
      retired: await Promise.all(
        retired.map(async one => ({
          ...(await keyIn(one)),
          verifiesUntilMs: Date.parse(one.verifies_until),
        })),
      ),
      rotatedAtMs: rotated_at === null ? undefined : Date.parse(rotated_at),
    }
  } catch (error) {
    // Neither the content nor a cause that may quote it goes into a log.
    const why = error instanceof SyntaxError ? 'it is not JSON' : 'it holds no usable private keys'
    throw new Error(`the signing keys ${path} cannot be used: ${why}`)
  }
}

async function keyIn({ made_at, key }: z.infer<typeof stored>): Promise<StoredKey> {
  return { ...(await parseSigningKey(JSON.stringify(key))), madeAtMs: Date.parse(made_at) }
}

/** `only: 'new'`: false when another process has just made the file; its keys stand. */
export async function writeKeyFile(
  directory: string,
  { current, next, retired, rotatedAtMs }: StoredKeys,
  only?: 'new',
): Promise<boolean> {
  const path = keyFile(directory)
  const draft = `${path}.${process.pid}.${crypto.randomUUID()}`
  const shown = (key: StoredKey) => ({
    made_at: iso(key.madeAtMs),
    key: { ...key.privateKey.export({ format: 'jwk' }), kid: key.kid, alg: key.algorithm },
  })
  const content: z.infer<typeof fileSchema> = {
    version: 1,
    rotated_at: rotatedAtMs === undefined ? null : iso(rotatedAtMs),
    current: shown(current),
    next: shown(next),
    retired: retired.map(one => ({ ...shown(one), verifies_until: iso(one.verifiesUntilMs) })),
  }
  const text = `${JSON.stringify(content, null, 2)}\n`
  await writeFile(draft, text, { mode: 0o600, flag: 'wx', flush: true })
  try {
    await giveToOwner(draft, directory)
    if (only === 'new') await link(draft, path)
    else await rename(draft, path)
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw error
  } finally {
    await rm(draft, { force: true })
  }
}

/** A rotation by root leaves a file that the service's own account can read. */
async function giveToOwner(file: string, directory: string): Promise<void> {
  if (process.getuid?.() !== 0) return
  const { uid, gid } = await stat(directory)
  await chown(file, uid, gid)
}

const lockTries = 100
const lockAgeMs = 10_000

/** One process at a time changes the keys; a lock that a killed one has left is taken over after ten seconds. */
export async function withKeyLock<Result>(directory: string, work: () => Promise<Result>): Promise<Result> {
  await mkdir(directory, { recursive: true, mode: 0o700 })
  const path = `${keyFile(directory)}.lock`
  for (let tries = 0; ; tries++) {
    try {
      await (await open(path, 'wx', 0o600)).close()
      break
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
      const made = await stat(path).catch(() => undefined)
      if (made && Date.now() - made.mtimeMs > lockAgeMs) await rm(path, { force: true })
      else if (tries >= lockTries) throw new Error(`another rotation is under way (${path})`)
      else await wait(50)
    }
  }
  try {
    return await work()
  } finally {
    await rm(path, { force: true })
  }
}

function iso(ms: number): string {
  return new Date(ms).toISOString()
}
