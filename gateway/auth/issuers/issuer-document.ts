/**
 * A JSON document that an issuer publishes, fetched within bounds: https from public addresses only, five seconds, 64 KiB,
 * no redirects. `private` issuers may be at private addresses, and, on this very machine, speak http (for tests): keys
 * that come over anybody's network in the clear could be anybody's.
 */
import { isIP } from 'node:net'
import { Agent, request } from 'undici'
import { isPublicAddress, lookupPublic } from './public-address.ts'

export type IssuerDocument = {
  content: unknown
  /** As its Cache-Control says, within bounds. */
  freshForMs: number
}

export type IssuerDocuments = {
  /** Throws an Error that says what is wrong with the address or the answer. */
  fetch(url: string): Promise<IssuerDocument>
  close(): Promise<void>
}

const timeoutMs = 5_000
const maxBytes = 65_536
const lifetime = { shortestMs: 60_000, usualMs: 300_000, longestMs: 86_400_000 }

export function createIssuerDocuments({ private: inside }: { private: boolean }): IssuerDocuments {
  const dispatcher = new Agent({ connect: { timeout: timeoutMs, ...(!inside && { lookup: lookupPublic }) } })
  return {
    async fetch(url) {
      const fault = addressFault(url, inside)
      if (fault !== undefined) throw new Error(fault)
      return fetchWithin(url, dispatcher)
    },
    close: () => dispatcher.destroy(),
  }
}

/** Why nothing is fetched from there, as far as the address itself tells; undefined: it may be. */
export function addressFault(url: string, inside: boolean): string | undefined {
  if (!URL.canParse(url)) return `${url} is no URL`
  const { protocol, hostname, username, password } = new URL(url)
  const host = hostname.replace(/^\[|\]$/g, '')
  if (username !== '' || password !== '') return `the URL at ${host} must not hold a password`
  if (protocol !== 'https:' && !(inside && protocol === 'http:' && isLoopback(host)))
    return `${url} must be https`
  if (!inside && isIP(host) && !isPublicAddress(host)) return `${host} is not a public address`
  return undefined
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'))
}

async function fetchWithin(url: string, dispatcher: Agent): Promise<IssuerDocument> {
  const { statusCode, headers, body } = await request(url, {
    dispatcher,
    signal: AbortSignal.timeout(timeoutMs),
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
  return { content: parsed(url, chunks), freshForMs: lifetimeOf(headers['cache-control']) }
}

function parsed(url: string, chunks: readonly Buffer[]): unknown {
  try {
    return JSON.parse(Buffer.concat(chunks).toString())
  } catch (cause) {
    throw new Error(`${url} answered with something that is not JSON`, { cause })
  }
}

function lifetimeOf(cacheControl: string | string[] | undefined): number {
  const text = [cacheControl].flat().join(',')
  if (/no-store|no-cache/i.test(text)) return lifetime.shortestMs
  const seconds = /(?:^|[\s,])max-age="?(\d{1,9})/i.exec(text)?.[1]
  if (seconds === undefined) return lifetime.usualMs
  return Math.min(Math.max(Number(seconds) * 1000, lifetime.shortestMs), lifetime.longestMs)
}
