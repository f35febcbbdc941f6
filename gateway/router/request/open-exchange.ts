/** From node's request to an exchange: everything ambiguous is refused or settled here, before a rule looks at it. */
import { randomUUID } from 'node:crypto'
import type { Duplex } from 'node:stream'
import type { EntryPointConfiguration } from '../configuration/static.ts'
import { plainAddress } from './addresses.ts'
import type { Exchange } from './exchange.ts'
import { forwardedHeaders } from './forwarded.ts'
import { type RequestHeaders, readHeaders } from './headers.ts'
import { parseTarget } from './path.ts'
import { type OpeningRefusal, openingRefusals } from './refusals.ts'
import type { GatewayRequest } from './request.ts'
import type { GatewayResponse } from './response.ts'

export type Arrival = {
  request: GatewayRequest
  response: GatewayResponse
  upgrade?: { socket: Duplex; head: Buffer }
  expectsContinue?: boolean
}

/** `refusal`: the status to answer with, because the request can be read in more than one way. */
export type Opened = { exchange: Exchange; refusal?: number }

/** Bytes are bounded by the parser; a thousand empty headers are few bytes and much work. */
const maxHeaders = 500

export function exchangeOpener(
  entryPoint: string,
  options: EntryPointConfiguration,
): (arrival: Arrival) => Opened {
  const { http } = options
  const forward = forwardedHeaders(options.forwardedHeaders)
  return ({ request, response, upgrade, expectsContinue = false }) => {
    const { headers, underscored, managed } = readHeaders(request.rawHeaders)
    if (underscored && http.underscoreHeadersStrategy !== 'keep') dropUnderscores(headers)
    const host = headers.host
    delete headers.host
    const target = parseTarget(request.url ?? '', http)
    const { socket } = request
    const exchange: Exchange = {
      request,
      response,
      method: request.method ?? 'GET',
      path: target?.path ?? '/',
      query: target?.query ?? '',
      sentQuery: target?.sentQuery ?? '',
      headers,
      host: target?.host ?? (typeof host === 'string' ? host : ''),
      client: { address: plainAddress(socket.remoteAddress ?? ''), port: socket.remotePort ?? 0 },
      secure: 'encrypted' in socket && socket.encrypted === true,
      entryPoint,
      requestId: takeRequestId(headers),
      traceId: undefined,
      startedAtMs: performance.now(),
      upgrade,
      router: undefined,
      service: undefined,
      serverUrl: undefined,
      userName: undefined,
      refusal: undefined,
      observability: undefined,
      internal: false,
      retries: 0,
      expectsContinue,
      leave: undefined,
      appendForwardedFor: true,
      failed: undefined,
    }
    const refusal: OpeningRefusal | undefined =
      request.rawHeaders.length > 2 * maxHeaders
        ? 'too_many_headers'
        : target === undefined
          ? 'target'
          : underscored && http.underscoreHeadersStrategy === 'reject'
            ? 'underscore_header'
            : isHost(host, target.host)
              ? framingFault(request, headers)
              : 'host'
    if (refusal !== undefined) {
      exchange.refusal = refusal
      return { exchange, refusal: openingRefusals[refusal] }
    }
    forward(exchange, managed)
    return { exchange }
  }
}

function dropUnderscores(headers: RequestHeaders): void {
  for (const name in headers) if (name.includes('_')) delete headers[name]
}

const hostForm = /^(?:\[[0-9a-fA-F:.%\w]+\]|[\w.~!$&'()*+,;=%-]*)(?::\d{0,5})?$/

function isHost(header: string | string[] | undefined, target: string | undefined): boolean {
  // Two Host headers: whoever is behind may believe the other one.
  if (Array.isArray(header)) return false
  return hostForm.test(header ?? '') && (target === undefined || hostForm.test(target))
}

/**
 * What the parser lets through and a server behind may read differently. The rest (Content-Length twice or beside
 * Transfer-Encoding, blanks before a colon, bare line feeds) node's strict parser refuses.
 */
function framingFault(
  { httpVersionMajor, httpVersionMinor }: GatewayRequest,
  headers: RequestHeaders,
): OpeningRefusal | undefined {
  // The parser also takes HTTP/0.9, and 2.0 on a connection that speaks 1.1.
  if (httpVersionMajor !== 1 || httpVersionMinor > 1) return 'http_version'
  const encoding = headers['transfer-encoding']
  if (encoding === undefined) return undefined
  if (typeof encoding !== 'string' || encoding.toLowerCase() !== 'chunked') return 'transfer_encoding'
  return httpVersionMinor === 0 ? 'http_version' : undefined
}

const requestIdForm = /^[\w.:-]{1,128}$/

/** The client's own id if it can be logged as it is, else a new one; either way it goes on with the request. */
function takeRequestId(headers: RequestHeaders): string {
  const given = headers['x-request-id']
  if (typeof given === 'string' && requestIdForm.test(given)) return given
  const made = randomUUID()
  headers['x-request-id'] = made
  return made
}
