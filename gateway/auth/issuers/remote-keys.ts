/**
 * The keys an issuer publishes, fetched when a token needs them and kept as long as their Cache-Control says. A key id that
 * is not among them asks again, at most every ten seconds; while the issuer does not answer, what we have serves for an hour.
 */
import type { KeyObject } from 'node:crypto'
import { isIP } from 'node:net'
import { algorithmOf, type Jwk, verifyingKey } from '@glimmr/lib/published-keys'
import { Agent, request } from 'undici'
import { z } from 'zod'
import { isPublicAddress, lookupPublic } from './public-address.ts'

export type RemoteKey = { algorithm: string; key: KeyObject }

export type RemoteKeys = {
  /** undefined: the issuer has no such key. Throws when it cannot be asked. */
  find(kid: string | undefined): Promise<RemoteKey | undefined>
  close(): Promise<void>
}

export type RemoteKeysOptions = {
  url: string
  /** Private addresses are allowed. */
  private: boolean
  now: () => number
  onError: (error: unknown) => void
}

const timeoutMs = 5_000
const maxBytes = 65_536
const maxKeys = 50
const throttleMs = 10_000
const staleMs = 3_600_000
const lifetime = { shortestMs: 60_000, usualMs: 300_000, longestMs: 86_400_000 }

type Kept = { keys: Map<string, RemoteKey>; freshUntilMs: number }

export function createRemoteKeys({ url, private: inside, now, onError }: RemoteKeysOptions): RemoteKeys {
  const host = new URL(url).hostname.replace(/^\[|\]$/g, '')
  const agent = new Agent({ connect: { timeout: timeoutMs, ...(!inside && { lookup: lookupPublic }) } })
  let kept: Kept | undefined
  let askedAtMs = Number.NEGATIVE_INFINITY
  let asking: Promise<void> | undefined
  const ask = async () => {
    if (!inside && isIP(host) && !isPublicAddress(host)) throw new Error(`${host} is not a public address`)
    askedAtMs = now()
    kept = await fetchKeys(url, agent, now())
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
      if ((!fresh || !wanted()) && mayAsk) await askOnce().catch(onError)
      if (!kept || now() > kept.freshUntilMs + staleMs) throw new Error(`the keys at ${url} cannot be had`)
      return wanted()
    },
    close: () => agent.destroy(),
  }
}

/** A token without an id can only mean the one key there is. */
function only(keys: Map<string, RemoteKey> | undefined): RemoteKey | undefined {
  return keys?.size === 1 ? keys.values().next().value : undefined
}

const jwksSchema = z.object({ keys: z.array(z.record(z.string(), z.unknown())) })

/** No redirects, no more than 64 KiB, five seconds. */
async function fetchKeys(url: string, dispatcher: Agent, nowMs: number): Promise<Kept> {
  const signal = AbortSignal.timeout(timeoutMs)
  const { statusCode, headers, body } = await request(url, {
    dispatcher,
    signal,
    headers: { accept: 'application/json' },
  })
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of body as AsyncIterable<Buffer>) {
    size += chunk.length
    if (size > maxBytes) throw new Error(`${url} answered with more than ${maxBytes} bytes`)
    chunks.push(chunk)
  }
  if (statusCode !== 200) throw new Error(`${url} answered ${statusCode}`)
  const { keys } = jwksSchema.parse(JSON.parse(Buffer.concat(chunks).toString()))
  return {
    keys: new Map(keys.slice(0, maxKeys).flatMap(usable)),
    freshUntilMs: nowMs + lifetimeOf(headers['cache-control']),
  }
}

/** Keys of other kinds, for encryption, or too short are left out: each key verifies with the one algorithm of its kind. */
function usable(jwk: Jwk, index: number): [string, RemoteKey][] {
  const algorithm = algorithmOf(jwk)
  const key = algorithm && verifyingKey(jwk)
  return key ? [[jwk.kid ?? `#${index}`, { algorithm, key }]] : []
}

function lifetimeOf(cacheControl: string | string[] | undefined): number {
  const text = [cacheControl].flat().join(',')
  if (/no-store|no-cache/i.test(text)) return lifetime.shortestMs
  const seconds = /(?:^|[\s,])max-age="?(\d{1,9})/i.exec(text)?.[1]
  if (seconds === undefined) return lifetime.usualMs
  return Math.min(Math.max(Number(seconds) * 1000, lifetime.shortestMs), lifetime.longestMs)
}
