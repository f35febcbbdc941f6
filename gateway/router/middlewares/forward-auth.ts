/**
 * forwardAuth: asks another server whether a request may pass. 2xx: the headers of `authResponseHeaders` go on with the
 * request; anything else is the client's answer. https://doc.traefik.io/traefik/middlewares/http/forwardauth/
 *
 *   core-auth: { forwardAuth: { address: 'http://auth:3004/verify?scope=core:read', authResponseHeaders: [X-Auth-Subject] } }
 *
 * A server in this process that offers `verify` is called directly: the same code as its HTTP endpoint.
 */
import { z } from 'zod'
import { flag, integer, text, texts } from '../configuration/values.ts'
import { answerEmpty, type Exchange, requestUri } from '../request/exchange.ts'
import { canonicalName, firstValue } from '../request/headers.ts'
import { goRegExp } from '../rules/go-regexp.ts'
import { type Mount, serverKey, type Verdict } from '../services/mount.ts'
import { clientTlsSchema } from '../tls/client-tls.ts'
import { authCookies } from './forward-auth-cookies.ts'
import { askOverHttp, TooLarge } from './forward-auth-http.ts'
import { refuse } from './forward-auth-refusal.ts'
import { middlewareKind } from './kind.ts'

const schema = z.strictObject({
  address: text.pipe(
    z.url({ protocol: /^https?$/, error: 'the address is a URL such as http://auth:3004/verify' }),
  ),
  tls: clientTlsSchema.optional(),
  // Left out is a third thing: see forward-auth-http.ts.
  trustForwardHeader: flag.optional(),
  authResponseHeaders: texts.default([]),
  authResponseHeadersRegex: text.default(''),
  authRequestHeaders: texts.default([]),
  addAuthCookiesToResponse: texts.default([]),
  maxResponseBodySize: integer.default(-1),
  headerField: text.default(''),
  forwardBody: flag.default(false),
  maxBodySize: integer.default(-1),
  preserveLocationHeader: flag.default(false),
  preserveRequestMethod: flag.default(false),
  authSigninURL: text.default(''),
})

export type ForwardAuthOptions = z.infer<typeof schema>

export const forwardAuth = middlewareKind({
  schema,
  create: (options, { mounts, log, file, onDrained }) => {
    const mount = mounts.get(serverKey(options.address))
    const ask = mount?.verify ? askDirectly(options, mount.verify) : askOverHttp({ options, file, onDrained })
    const apply = identity(options, mount?.verify !== undefined)
    return next => exchange => {
      const settle = (verdict: Verdict) => {
        // Its client went away meanwhile.
        if (exchange.response.destroyed) return
        if (verdict.status < 200 || verdict.status > 299) return refuse(exchange, options, verdict)
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
        answerEmpty(exchange, error instanceof TooLarge ? 401 : 500)
      })
    }
  },
})

function askDirectly(
  options: ForwardAuthOptions,
  verify: NonNullable<Mount['verify']>,
): (exchange: Exchange) => Verdict | Promise<Verdict> {
  if (options.forwardBody)
    throw new Error('auth of this process does not look at bodies: forwardBody cannot be')
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
      connection: exchange.request.socket,
    })
}

/** Whether a header's name matches; remembered for the first 500, since clients choose them. */
function nameTest(source: string): ((name: string) => boolean) | undefined {
  if (source === '') return undefined
  const pattern = goRegExp(source)
  const beginning = literalBeginning(source).toLowerCase()
  const known = new Map<string, boolean>()
  return name => {
    if (!name.startsWith(beginning)) return false
    const before = known.get(name)
    if (before !== undefined) return before
    const matches = pattern.test(canonicalName(name))
    if (known.size < 500) known.set(name, matches)
    return matches
  }
}

/** What all that matches begins with, as far as that is plain to see: `X-Hasura-` of `^X-Hasura-`. Most names do not. */
function literalBeginning(source: string): string {
  return source.includes('|') ? '' : (/^\^([\w-]+)(?![\w*?+{-])/.exec(source)?.[1] ?? '')
}

type Said = Verdict['headers']
/** Headers of the request that the verdict takes away, and those that it puts there. */
type Changes = { removed: readonly string[]; put: readonly (readonly [string, string | string[]])[] }

/** Copies what the verdict says about the client; inbound copies of these headers never survive. */
function identity(
  options: ForwardAuthOptions,
  direct: boolean,
): (exchange: Exchange, verdict: Verdict) => void {
  const names = options.authResponseHeaders
    .map(name => name.toLowerCase())
    .filter(name => !(direct && name === 'x-request-id'))
  const copied = nameTest(options.authResponseHeadersRegex)
  const userName = options.headerField.toLowerCase()
  const setCookies = authCookies(options.addAuthCookiesToResponse)
  const changesOf = remembered((said: Said): Changes => {
    const put = Object.entries(said).filter(([name]) => names.includes(name) || copied?.(name))
    return { removed: names.filter(name => !Object.hasOwn(said, name)), put }
  })
  return (exchange, { headers: said }) => {
    const { headers } = exchange
    if (copied) for (const name in headers) if (copied(name)) delete headers[name]
    const { removed, put } = changesOf(said)
    for (const name of removed) delete headers[name]
    for (const [name, value] of put) headers[name] = value
    if (userName) exchange.userName = firstValue(said, userName) || undefined
    const cookies = said['set-cookie']
    if (cookies !== undefined) setCookies(exchange, [cookies].flat())
  }
}

/** Auth of this process says the same of the same client by the same object. */
function remembered(make: (said: Said) => Changes): (said: Said) => Changes {
  const known = new WeakMap<Said, Changes>()
  return said => {
    const before = known.get(said)
    if (before) return before
    const made = make(said)
    known.set(said, made)
    return made
  }
}
