/** The signing keys as they are right now: the file is looked at every second, so a rotation needs no restart. */
import { stat } from 'node:fs/promises'
import type { JWK } from 'jose'
import { keyFile, readKeyFile, type StoredKeys } from './key-file.ts'
import type { SigningKey } from './signing-key.ts'
import { loadSigningKeys } from './signing-keys.ts'

export type KeyRing = {
  /** Signs. */
  current(): SigningKey
  /** The key of this id, while what it signed is good. */
  find(kid: string): SigningKey | undefined
  /** What is published (RFC 7517): current first, then next, then those that only verify. */
  jwks(): { keys: JWK[] }
  /** Looks at the file now. */
  reload(): Promise<void>
  stop(): void
}

export type KeyRingOptions = {
  directory: string
  now: () => number
  intervalMs?: number
  /** Told of a file that cannot be read: the keys of before stay. */
  onError: (error: unknown) => void
  /** Told of another current key than before. */
  onRotated?: (kid: string) => void
}

export async function openKeyRing(options: KeyRingOptions): Promise<KeyRing> {
  const { directory, now, intervalMs = 1000, onError, onRotated } = options
  // Before the keys: a rotation in between is read once more, not missed.
  let seen = await versionOf(directory)
  let keys = await loadSigningKeys(directory, now())
  let good = verifying(keys, now())
  const refresh = async () => {
    const version = await versionOf(directory)
    if (version !== seen) {
      // Noted first: a broken file is told of once, not every second.
      seen = version
      const found = await readKeyFile(directory)
      const before = keys.current.kid
      if (found) keys = found
      if (keys.current.kid !== before) onRotated?.(keys.current.kid)
    }
    good = verifying(keys, now())
  }
  let refreshing: Promise<void> | undefined
  const reload = () => {
    refreshing ??= refresh()
      .catch(onError)
      .finally(() => {
        refreshing = undefined
      })
    return refreshing
  }
  const timer = setInterval(reload, intervalMs)
  timer.unref()
  return {
    current: () => keys.current,
    find: kid => {
      const found = good.get(kid)
      return found && found.untilMs > now() ? found.key : undefined
    },
    jwks: () => ({
      keys: [...good.values()].filter(({ untilMs }) => untilMs > now()).map(({ key }) => key.jwk),
    }),
    reload,
    stop: () => clearInterval(timer),
  }
}

type Verifying = ReadonlyMap<string, { key: SigningKey; untilMs: number }>

function verifying({ current, next, retired }: StoredKeys, nowMs: number): Verifying {
  return new Map([
    [current.kid, { key: current, untilMs: Number.POSITIVE_INFINITY }],
    [next.kid, { key: next, untilMs: Number.POSITIVE_INFINITY }],
    ...retired
      .filter(key => key.verifiesUntilMs > nowMs)
      .map(key => [key.kid, { key, untilMs: key.verifiesUntilMs }] as const),
  ])
}

/** Changes with every rotation: the file is replaced, never written into. */
async function versionOf(directory: string): Promise<string> {
  const found = await stat(keyFile(directory), { bigint: true }).catch(() => undefined)
  return found ? `${found.ino} ${found.mtimeNs} ${found.size}` : ''
}
