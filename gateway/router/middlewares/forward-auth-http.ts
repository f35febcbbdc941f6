/** forwardAuth's question to a server at another address, and what it is told of the request. */
import { Agent, type Dispatcher } from 'undici'
import type { Exchange } from '../request/exchange.ts'
import { requestUri } from '../request/exchange.ts'
import { dropForwarded, portOf } from '../request/forwarded.ts'
import {
  copyHeaders,
  emptyHeaders,
  firstValue,
  isManaged,
  type RequestHeaders,
  rawHeaders,
  valuesOf,
} from '../request/headers.ts'
import { announcedLength, BodyTooLarge, readBody, replay } from '../request/replay.ts'
import type { Verdict } from '../services/mount.ts'
import { nodeClientTls } from '../tls/client-tls.ts'
import type { ForwardAuthOptions } from './forward-auth.ts'

/** There is no verdict, and the client is told 401 instead of 500. */
export class TooLarge extends Error {
  override name = 'TooLarge'
}

export type HttpOptions = {
  options: ForwardAuthOptions
  /** Where the middleware stands: paths of certificates count from there. */
  file: string
  onDrained(release: () => void): void
}

const timeoutMs = 30_000
/** Of a body that is shown to auth, where Traefik's own bound is the memory. */
const maxKeptBytes = 16 * 2 ** 20

export function askOverHttp({
  options,
  file,
  onDrained,
}: HttpOptions): (exchange: Exchange) => Promise<Verdict> {
  const { origin, pathname, search } = new URL(options.address)
  const connect = { timeout: 5000, ...(options.tls && nodeClientTls(options.tls, file)) }
  const agent = new Agent({ connect, headersTimeout: timeoutMs, bodyTimeout: timeoutMs })
  onDrained(() => void agent.close().catch(() => {}))
  return async exchange => {
    const body = options.forwardBody ? await keepBody(exchange, options.maxBodySize) : undefined
    const {
      statusCode,
      headers,
      body: answer,
    } = await agent.request({
      origin,
      path: pathname + search,
      method: (options.preserveRequestMethod ? exchange.method : 'GET') as Dispatcher.HttpMethod,
      headers: rawHeaders(questionHeaders(exchange, options)),
      ...(body && body.length > 0 && { body }),
    })
    const text = await readAnswer(answer, options.maxResponseBodySize)
    const said: Record<string, string | string[]> = {}
    for (const name in headers) said[name] = headers[name] ?? ''
    return { status: statusCode, headers: said, body: text }
  }
}

async function readAnswer(answer: AsyncIterable<Buffer>, limit: number): Promise<string> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of answer) {
    size += chunk.length
    if (limit >= 0 && size > limit)
      throw new TooLarge(`the verdict is larger than maxResponseBodySize (${limit} bytes)`)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}

/** For auth to see, and the service after it. */
async function keepBody(exchange: Exchange, maxBodySize: number): Promise<Buffer | undefined> {
  if (exchange.upgrade || announcedLength(exchange) === 0) return undefined
  const limit = maxBodySize < 0 ? maxKeptBytes : maxBodySize
  const tooLarge = () => new TooLarge(`the body is larger than ${limit} bytes (maxBodySize)`)
  if ((announcedLength(exchange) ?? 0) > limit) throw tooLarge()
  if (exchange.expectsContinue) exchange.response.writeContinue()
  exchange.expectsContinue = false
  try {
    // 0 would mean no limit to readBody.
    const body = await readBody(exchange.request, Math.max(limit, 1))
    if (body.length > limit) throw tooLarge()
    exchange.request = replay(exchange, body)
    return body
  } catch (error) {
    throw error instanceof BodyTooLarge ? tooLarge() : error
  }
}

/** Headers that forwardAuth passes in neither direction; its list is shorter than a proxy's. */
export const hopByHop = new Set([
  'connection',
  'keep-alive',
  'te',
  'trailers',
  'transfer-encoding',
  'upgrade',
  'content-length',
  'expect',
])

function questionHeaders(exchange: Exchange, options: ForwardAuthOptions): RequestHeaders {
  const { trustForwardHeader: trusts, authRequestHeaders } = options
  const allowed = new Set(authRequestHeaders.map(name => name.toLowerCase()))
  const isAllowed = (name: string) =>
    allowed.size === 0 || allowed.has(name) || (trusts === true && isManaged(name))
  const headers = copyHeaders(exchange.headers)
  if (trusts === false) dropForwarded(headers)
  const asked = emptyHeaders()
  for (const name in headers) {
    const value = headers[name]
    if (value !== undefined && !hopByHop.has(name) && isAllowed(name)) asked[name] = value
  }
  return trusts === undefined ? forwardedAnew(asked, exchange) : forwardedOn(asked, exchange)
}

/** What the headers that are left do not say is said here. */
function forwardedOn(
  asked: RequestHeaders,
  { client, method, secure, host, ...rest }: Exchange,
): RequestHeaders {
  const before = valuesOf(asked, 'x-forwarded-for').join(', ')
  asked['x-forwarded-for'] = before ? `${before}, ${client.address}` : client.address
  asked['x-forwarded-method'] ??= method
  asked['x-forwarded-proto'] ??= secure ? 'https' : 'http'
  asked['x-forwarded-port'] ??= portOf(host, firstValue(asked, 'x-forwarded-proto'), secure)
  asked['x-forwarded-host'] ??= host
  asked['x-forwarded-uri'] ??= rest.path + rest.query
  return asked
}

/** Without trustForwardHeader, as Traefik did before it had a say: these are its own, the others the client's. */
function forwardedAnew(asked: RequestHeaders, exchange: Exchange): RequestHeaders {
  asked['x-forwarded-for'] = exchange.client.address
  asked['x-forwarded-proto'] = exchange.secure ? 'https' : 'http'
  asked['x-forwarded-method'] = exchange.method
  asked['x-forwarded-host'] = exchange.host
  asked['x-forwarded-uri'] = requestUri(exchange)
  return asked
}
