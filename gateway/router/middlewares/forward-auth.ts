/**
 * forwardAuth: asks another server whether a request may pass. 2xx: the headers of `authResponseHeaders` go on with the
 * request; anything else is the client's answer. https://doc.traefik.io/traefik/middlewares/http/forwardauth/
 *
 *   core-auth: { forwardAuth: { address: 'http://auth:3004/verify?scope=core:read', authResponseHeaders: [X-Auth-Subject] } }
 *
 * A server in this process that offers `verify` is called directly: the same code as its HTTP endpoint.
 */
import { Agent } from 'undici'
import { z } from 'zod'
import { flag, integer, text, texts } from '../configuration/values.ts'
import { answerEmpty, type Exchange, requestUri } from '../request/exchange.ts'
import { dropForwarded } from '../request/forwarded.ts'
import {
  canonicalName,
  copyHeaders,
  emptyHeaders,
  firstValue,
  type RequestHeaders,
  rawHeaders,
  valuesOf,
} from '../request/headers.ts'
import { goRegExp } from '../rules/go-regexp.ts'
import { type Mount, serverKey, type Verdict } from '../services/mount.ts'
import { middlewareKind } from './kind.ts'

const schema = z.strictObject({
  address: text.pipe(
    z.url({ protocol: /^https?$/, error: 'the address is a URL such as http://auth:3004/verify' }),
  ),
  trustForwardHeader: flag.default(false),
  authResponseHeaders: texts.default([]),
  authResponseHeadersRegex: text.default(''),
  authRequestHeaders: texts.default([]),
  maxResponseBodySize: integer.default(-1),
  headerField: text.default(''),
  preserveRequestMethod: flag.default(false),
})

type Options = z.infer<typeof schema>
type Ask = (exchange: Exchange) => Verdict | Promise<Verdict>

export const forwardAuth = middlewareKind({
  schema,
  create: (options, { mounts, log, onRetire }) => {
    const mount = mounts.get(serverKey(options.address))
    const ask = mount?.verify ? askDirectly(options, mount.verify) : askOverHttp(options, onRetire)
    const apply = identity(options)
    return next => exchange => {
      const settle = (verdict: Verdict) => {
        if (verdict.status < 200 || verdict.status > 299) return refuse(exchange, verdict)
        apply(exchange, verdict)
        return next(exchange)
      }
      let verdict: Verdict | Promise<Verdict>
      try {
        verdict = ask(exchange)
      } catch (error) {
        verdict = Promise.reject(error)
      }
      if (!(verdict instanceof Promise)) return settle(verdict)
      return verdict.then(settle, error => {
        log.error(
          { err: error, address: options.address, request_id: exchange.requestId },
          'forwardAuth: no verdict',
        )
        exchange.refusal = 'auth_unavailable'
        answerEmpty(exchange, error instanceof VerdictTooLarge ? 401 : 500)
      })
    }
  },
})

class VerdictTooLarge extends Error {
  override name = 'VerdictTooLarge'
}

function askDirectly(options: Options, verify: NonNullable<Mount['verify']>): Ask {
  const { pathname, search } = new URL(options.address)
  const address = pathname + search
  return exchange =>
    verify({
      address,
      headers: exchange.headers,
      method: exchange.method,
      uri: requestUri(exchange),
      requestId: exchange.requestId,
      traceId: exchange.traceId,
    })
}

function askOverHttp(options: Options, onRetire: (release: () => void) => void): Ask {
  const { origin, pathname, search } = new URL(options.address)
  const agent = new Agent({ connect: { timeout: 5000 }, headersTimeout: 30_000, bodyTimeout: 30_000 })
  onRetire(() => void agent.close().catch(() => {}))
  return async exchange => {
    const { statusCode, headers, body } = await agent.request({
      origin,
      path: pathname + search,
      method: (options.preserveRequestMethod ? exchange.method : 'GET') as 'GET',
      headers: rawHeaders(questionHeaders(exchange, options)),
    })
    const chunks: Buffer[] = []
    let size = 0
    for await (const chunk of body as AsyncIterable<Buffer>) {
      size += chunk.length
      if (options.maxResponseBodySize >= 0 && size > options.maxResponseBodySize)
        throw new VerdictTooLarge(
          `the verdict is larger than maxResponseBodySize (${options.maxResponseBodySize} bytes)`,
        )
      chunks.push(chunk)
    }
    const flat = Object.entries(headers).map(([name, value]) => [name, [value ?? ''].flat().join(', ')])
    return {
      status: statusCode,
      headers: Object.fromEntries(flat),
      body: Buffer.concat(chunks).toString('utf8'),
    }
  }
}

const hopByHop = new Set([
  'connection',
  'keep-alive',
  'te',
  'trailers',
  'transfer-encoding',
  'upgrade',
  'content-length',
  'expect',
])

function questionHeaders(exchange: Exchange, options: Options): RequestHeaders {
  const allowed = new Set(options.authRequestHeaders.map(name => name.toLowerCase()))
  const headers = copyHeaders(exchange.headers)
  if (!options.trustForwardHeader) dropForwarded(headers)
  const asked = emptyHeaders()
  for (const name in headers) {
    const value = headers[name]
    if (value !== undefined && !hopByHop.has(name) && (allowed.size === 0 || allowed.has(name)))
      asked[name] = value
  }
  const before = valuesOf(asked, 'x-forwarded-for').join(', ')
  asked['x-forwarded-for'] = before ? `${before}, ${exchange.client.address}` : exchange.client.address
  asked['x-forwarded-method'] ??= exchange.method
  asked['x-forwarded-proto'] ??= exchange.secure ? 'https' : 'http'
  asked['x-forwarded-port'] ??= firstValue(exchange.headers, 'x-forwarded-port')
  asked['x-forwarded-host'] ??= exchange.host
  asked['x-forwarded-uri'] ??= requestUri(exchange)
  return asked
}

/** Copies what the verdict says about the client; inbound copies of these headers never survive. */
function identity(options: Options): (exchange: Exchange, verdict: Verdict) => void {
  const names = options.authResponseHeaders.map(name => name.toLowerCase())
  const pattern =
    options.authResponseHeadersRegex === '' ? undefined : goRegExp(options.authResponseHeadersRegex)
  const userName = options.headerField.toLowerCase()
  return (exchange, { headers: said }) => {
    const { headers } = exchange
    for (const name of names) {
      delete headers[name]
      const value = said[name]
      if (value !== undefined) headers[name] = value
    }
    if (pattern) {
      for (const name in headers) if (pattern.test(canonicalName(name))) delete headers[name]
      for (const name in said) if (pattern.test(canonicalName(name))) headers[name] = said[name] ?? ''
    }
    if (userName) exchange.userName = said[userName]
  }
}

function refuse(exchange: Exchange, verdict: Verdict): void {
  const { response } = exchange
  exchange.refusal = 'auth'
  response.statusCode = verdict.status
  for (const [name, value] of Object.entries(verdict.headers))
    if (!hopByHop.has(name)) response.setHeader(name, value)
  response.end(verdict.body)
}
