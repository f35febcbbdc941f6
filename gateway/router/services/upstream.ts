/** Where a request goes when it leaves this process, and what it means when nothing comes back. */
import type { UpstreamFailure } from '../request/exchange.ts'
import type { RequestHeaders } from '../request/headers.ts'

export type Upstream = { origin: string; path: string; headers: RequestHeaders }

const timeouts = new Set([
  'UND_ERR_HEADERS_TIMEOUT',
  'UND_ERR_BODY_TIMEOUT',
  'UND_ERR_CONNECT_TIMEOUT',
  'ETIMEDOUT',
])
const unreached = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'UND_ERR_CONNECT_TIMEOUT',
])

/** 504 for a server that took too long, 502 for one that is away or broke off. */
export function failureOf(error: unknown): UpstreamFailure {
  const code = String((error as { code?: unknown } | null)?.code ?? '')
  return { status: timeouts.has(code) ? 504 : 502, requestSent: !unreached.has(code), cause: error }
}
