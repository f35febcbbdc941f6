/**
 * headers: request and response headers of your choice, CORS, HSTS and the other security headers.
 * https://doc.traefik.io/traefik/middlewares/http/headers/
 *
 *   cors: { headers: { accessControlAllowOriginList: [https://app.example], accessControlMaxAge: 600 } }
 *   strip: { headers: { customRequestHeaders: { X-Auth-Subject: '' } } }      # '' removes
 */
import { z } from 'zod'
import { answerHeader, answerHeaders, flag, integer, requestHeaders, texts } from '../configuration/values.ts'
import type { Exchange, Middleware } from '../request/exchange.ts'
import type { RequestHeaders } from '../request/headers.ts'
import type { HeadHook } from '../request/response.ts'
import { answerPreflight, corsHook, hasCors } from './headers-cors.ts'
import { hasSecurity, securityMiddleware } from './headers-security.ts'
import { middlewareKind } from './kind.ts'

export const headersSchema = z.strictObject({
  customRequestHeaders: requestHeaders.default({}),
  customResponseHeaders: answerHeaders.default({}),
  accessControlAllowCredentials: flag.default(false),
  accessControlAllowHeaders: z.array(answerHeader).default([]),
  accessControlAllowMethods: z.array(answerHeader).default([]),
  accessControlAllowOriginList: z.array(answerHeader).default([]),
  accessControlAllowOriginListRegex: texts.default([]),
  accessControlExposeHeaders: z.array(answerHeader).default([]),
  accessControlMaxAge: integer.optional(),
  addVaryHeader: flag.default(false),
  allowedHosts: texts.default([]),
  hostsProxyHeaders: texts.default([]),
  sslProxyHeaders: requestHeaders.default({}),
  stsSeconds: integer.optional(),
  stsIncludeSubdomains: flag.default(false),
  stsPreload: flag.default(false),
  forceSTSHeader: flag.default(false),
  frameDeny: flag.default(false),
  customFrameOptionsValue: answerHeader.default(''),
  contentTypeNosniff: flag.default(false),
  browserXssFilter: flag.default(false),
  customBrowserXSSValue: answerHeader.default(''),
  contentSecurityPolicy: answerHeader.default(''),
  contentSecurityPolicyReportOnly: answerHeader.default(''),
  referrerPolicy: answerHeader.default(''),
  permissionsPolicy: answerHeader.default(''),
  isDevelopment: flag.default(false),
})

export type HeadersOptions = z.infer<typeof headersSchema>

export const headers = middlewareKind({
  schema: headersSchema.refine(
    options => hasCors(options) || hasSecurity(options) || hasCustom(options),
    'the headers middleware changes nothing',
  ),
  create: options => {
    const security = hasSecurity(options) ? securityMiddleware(options) : undefined
    const custom = hasCustom(options) || hasCors(options) ? customMiddleware(options) : undefined
    const beyondAscii = /[\x80-\xff]/.test(JSON.stringify(options))
    return next => {
      const inner = security ? security(next) : next
      const whole = custom ? custom(inner) : inner
      if (!beyondAscii) return whole
      return exchange => {
        exchange.response.bytesOnly = true
        return whole(exchange)
      }
    }
  },
})

function hasCustom({ customRequestHeaders, customResponseHeaders }: HeadersOptions): boolean {
  return Object.keys(customRequestHeaders).length > 0 || Object.keys(customResponseHeaders).length > 0
}

function customMiddleware(options: HeadersOptions): Middleware {
  const request = Object.entries(options.customRequestHeaders).map(lowerName)
  const respond = responseHook(options)
  const preflight = hasCors(options) ? answerPreflight(options) : undefined
  const cors = hasCors(options) ? corsHook(options) : undefined
  return next => exchange => {
    if (preflight?.(exchange)) return
    for (const [name, value] of request) setRequestHeader(exchange, name, value)
    // The hooks run in reverse: the custom headers first, then CORS upon them.
    if (cors) exchange.response.onHead(cors(exchange))
    if (respond) exchange.response.onHead(respond)
    return next(exchange)
  }
}

function setRequestHeader(exchange: Exchange, name: string, value: string): void {
  const { headers }: { headers: RequestHeaders } = exchange
  if (value === '') {
    delete headers[name]
    // Go: an X-Forwarded-For that was removed on purpose is not said anew either.
    if (name === 'x-forwarded-for') exchange.appendForwardedFor = false
  } else if (name === 'host') exchange.host = value
  else headers[name] = value
}

function responseHook({ customResponseHeaders }: HeadersOptions): HeadHook | undefined {
  const changes = Object.entries(customResponseHeaders).map(lowerName)
  if (changes.length === 0) return undefined
  return head => {
    for (const [name, value] of changes) {
      if (value !== '') head.headers[name] = value
      // To delete what is not there is slow.
      else if (head.headers[name] !== undefined) delete head.headers[name]
    }
  }
}

/** Names that are keys already: others are looked for among all keys, with each request. */
function lowerName([name, value]: [string, string]): [string, string] {
  return [Object.keys({ [name.toLowerCase()]: value })[0] ?? '', value]
}
