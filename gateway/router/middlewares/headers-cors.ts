/** The CORS part of the headers middleware: preflights are answered here, other answers get their headers. */
import type { Exchange } from '../request/exchange.ts'
import { firstValue } from '../request/headers.ts'
import type { HeadHook } from '../request/response.ts'
import { goRegExp } from '../rules/go-regexp.ts'
import type { HeadersOptions } from './headers.ts'

export function hasCors(options: HeadersOptions): boolean {
  return (
    options.accessControlAllowCredentials ||
    options.accessControlAllowHeaders.length > 0 ||
    options.accessControlAllowMethods.length > 0 ||
    options.accessControlAllowOriginList.length > 0 ||
    options.accessControlAllowOriginListRegex.length > 0 ||
    options.accessControlExposeHeaders.length > 0 ||
    options.accessControlMaxAge !== undefined ||
    options.addVaryHeader
  )
}

/** True when the request was a preflight and is answered: `OPTIONS` with Origin and Access-Control-Request-Method. */
export function answerPreflight(options: HeadersOptions): (exchange: Exchange) => boolean {
  const allowOrigin = originTest(options)
  return ({ method, headers, response }) => {
    const wantedMethod = firstValue(headers, 'access-control-request-method')
    const origin = firstValue(headers, 'origin')
    if (method !== 'OPTIONS' || wantedMethod === '' || origin === '') return false
    const credentials = options.accessControlAllowCredentials
    const say = (name: string, value: string | undefined) => value && response.setHeader(name, value)
    say('access-control-allow-credentials', credentials ? 'true' : undefined)
    say(
      'access-control-allow-headers',
      credentials && options.accessControlAllowHeaders.includes('*')
        ? firstValue(headers, 'access-control-request-headers')
        : options.accessControlAllowHeaders.join(','),
    )
    say(
      'access-control-allow-methods',
      credentials && options.accessControlAllowMethods.includes('*')
        ? wantedMethod
        : options.accessControlAllowMethods.join(','),
    )
    say('access-control-allow-origin', allowOrigin(origin))
    say('access-control-max-age', options.accessControlMaxAge?.toString())
    say('access-control-expose-headers', exposed(options))
    response.setHeader('content-length', '0')
    response.writeHead(200)
    response.end()
    return true
  }
}

export function corsHook(options: HeadersOptions): (exchange: Exchange) => HeadHook {
  const allowOrigin = originTest(options)
  const exposes = exposed(options)
  const hookFor = (allowed: string | undefined): HeadHook => {
    return ({ headers }) => {
      if (allowed !== undefined) headers['access-control-allow-origin'] = allowed
      if (options.accessControlAllowCredentials) headers['access-control-allow-credentials'] = 'true'
      if (exposes !== undefined) headers['access-control-expose-headers'] = exposes
      if (!options.addVaryHeader || headers.vary === 'Origin') return
      headers.vary =
        headers.vary === undefined || headers.vary === ''
          ? 'Origin'
          : `${[headers.vary].flat().join(',')},Origin`
    }
  }
  // Most answers are to no other origin, and get the same.
  const toNone = hookFor(allowOrigin(''))
  return exchange => {
    const origin = firstValue(exchange.headers, 'origin')
    return origin === '' ? toNone : hookFor(allowOrigin(origin))
  }
}

function exposed({
  accessControlExposeHeaders,
  accessControlAllowCredentials,
}: HeadersOptions): string | undefined {
  if (accessControlExposeHeaders.length === 0) return undefined
  return accessControlAllowCredentials && accessControlExposeHeaders.includes('*')
    ? undefined
    : accessControlExposeHeaders.join(',')
}

/** The origin to allow, or `*`; undefined when the origin is not on the list. */
function originTest(options: HeadersOptions): (origin: string) => string | undefined {
  const patterns = options.accessControlAllowOriginListRegex.map(goRegExp)
  const { accessControlAllowOriginList: list, accessControlAllowCredentials: credentials } = options
  return origin => {
    for (const item of list) {
      if (item === origin) return item
      if (item === '*') return credentials ? origin : item
    }
    return patterns.some(pattern => pattern.test(origin)) ? origin : undefined
  }
}
