/**
 * The keys an issuer publishes, fetched when a token needs them and kept as long as their Cache-Control says. A key id that
 * is not among them asks again, at most every ten seconds; while the issuer does not answer, what we have serves for an hour.
 */
import type { KeyObject } from 'node:crypto'
import { algorithmOf, type Jwk, verifyingKey } from '@glimmr/lib/published-keys'
import { z } from 'zod'
import { discoveredAddress, fixedAddress } from './discovery.ts'
import { createIssuerDocuments } from './issuer-document.ts'

export type RemoteKey = { algorithm: string; key: KeyObject }

export type RemoteKeys = {
  /** undefined: the issuer has no such key. Throws when it cannot be asked. */
  find(kid: string | undefined): Promise<RemoteKey | undefined>
  /** When they were last fetched; undefined: never. */
  fetchedAtMs(): number | undefined
  close(): Promise<void>
}

export type RemoteKeysOptions = {
  issuer: string
  /** undefined: the issuer's own description says where (discovery.ts). */
  url: string | undefined
  /** Private addresses are allowed. */
  private: boolean
  now: () => number
  /** Told of every fetch: what went wrong, or nothing. */
  onFetched: (error: unknown) => void
}

const maxKeys = 50
const throttleMs = 10_000
const staleMs = 3_600_000

type Kept = { keys: Map<string, RemoteKey>; fetchedAtMs: number; freshUntilMs: number }

export function createRemoteKeys(options: RemoteKeysOptions): RemoteKeys {
  const { issuer, url, now, onFetched } = options
  const documents = createIssuerDocuments(options)
  const address = url === undefined ? discoveredAddress(issuer, documents, now) : fixedAddress(url)
  let kept: Kept | undefined
  let askedAtMs = Number.NEGATIVE_INFINITY
  let asking: Promise<void> | undefined
  const ask = async () => {
    askedAtMs = now()
    try {
      const { content, freshForMs } = await documents.fetch(await address.find())
      kept = { keys: keysIn(content), fetchedAtMs: now(), freshUntilMs: now() + freshForMs }
      onFetched(undefined)
    } catch (error) {
      address.forget()
      onFetched(error)
    }
  }
  const askOnce = (): Promise<void> => {
    asking ??= ask().finally(() => {
      asking = undefined
    })
    return asking
  }
  return {
    async find(kid) {
      const wanted = () => (kid === undefined ? only(kept?.keys) : kept?.keys.get(kid))
      const fresh = kept !== undefined && now() < kept.freshUntilMs
      // Ids come from whoever sends a token: not each of them may cost a request.
      const mayAsk = now() - askedAtMs >= throttleMs || asking !== undefined
      if ((!fresh || !wanted()) && mayAsk) await askOnce()
      if (!kept || now() > kept.freshUntilMs + staleMs) throw new Error(`the keys of ${issuer} cannot be had`)
      return wanted()
    },
    fetchedAtMs: () => kept?.fetchedAtMs,
    close: () => documents.close(),
  }
}

/** A token without an id can only mean the one key there is. */
function only(keys: Map<string, RemoteKey> | undefined): RemoteKey | undefined {
  return keys?.size === 1 ? keys.values().next().value : undefined
}

const jwksSchema = z.object({ keys: z.array(z.record(z.string(), z.unknown())) })

function keysIn(content: unknown): Map<string, RemoteKey> {
  const { success, data } = jwksSchema.safeParse(content)
  if (!success) throw new Error('what was fetched is no set of keys (RFC 7517)')
  return new Map(data.keys.slice(0, maxKeys).flatMap(usable))
}

/** Keys of other kinds, for encryption, or too short are left out: each key verifies with the one algorithm of its kind. */
function usable(jwk: Jwk, index: number): [string, RemoteKey][] {
  const algorithm = algorithmOf(jwk)
  const key = algorithm && verifyingKey(jwk)
  return key ? [[jwk.kid ?? `#${index}`, { algorithm, key }]] : []
}
