/** The security part of the headers middleware: allowed hosts, HSTS, framing, sniffing, policies. */
import { answerError, type Exchange, type Middleware } from '../request/exchange.ts'
import { firstValue } from '../request/headers.ts'
import type { HeadHook } from '../request/response.ts'
import type { HeadersOptions } from './headers.ts'

export function hasSecurity(options: HeadersOptions): boolean {
  return (
    options.allowedHosts.length > 0 ||
    options.hostsProxyHeaders.length > 0 ||
    Object.keys(options.sslProxyHeaders).length > 0 ||
    options.stsSeconds !== undefined ||
    options.isDevelopment ||
    Object.keys(fixedHeaders(options)).length > 0
  )
}

export function securityMiddleware(options: HeadersOptions): Middleware {
  const fixed = fixedHeaders(options)
  const hosts = new Set(options.allowedHosts.map(host => host.toLowerCase()))
  const hsts = options.isDevelopment ? undefined : hstsValue(options)
  const plain = setHeaders(fixed)
  const strict = hsts && setHeaders({ ...fixed, 'strict-transport-security': hsts })
  const isSecure = secureTest(options)
  return next => exchange => {
    if (hosts.size > 0 && !options.isDevelopment && !hosts.has(hostOf(exchange, options))) {
      exchange.refusal = 'host_not_allowed'
      return answerError(exchange, 500, 'Bad Host')
    }
    exchange.response.onHead(strict && (options.forceSTSHeader || isSecure(exchange)) ? strict : plain)
    return next(exchange)
  }
}

function setHeaders(fixed: Readonly<Record<string, string>>): HeadHook {
  return ({ headers }) => {
    for (const name in fixed) headers[name] = fixed[name] ?? ''
  }
}

function fixedHeaders(options: HeadersOptions): Record<string, string> {
  const wanted: [string, string][] = [
    ['x-frame-options', options.customFrameOptionsValue || (options.frameDeny ? 'DENY' : '')],
    ['x-content-type-options', options.contentTypeNosniff ? 'nosniff' : ''],
    ['x-xss-protection', options.customBrowserXSSValue || (options.browserXssFilter ? '1; mode=block' : '')],
    ['content-security-policy', options.contentSecurityPolicy],
    ['content-security-policy-report-only', options.contentSecurityPolicyReportOnly],
    ['referrer-policy', options.referrerPolicy],
    ['permissions-policy', options.permissionsPolicy],
  ]
  return Object.fromEntries(wanted.filter(([, value]) => value !== ''))
}

function hstsValue({ stsSeconds, stsIncludeSubdomains, stsPreload }: HeadersOptions): string | undefined {
  if (!stsSeconds) return undefined
  return `max-age=${stsSeconds}${stsIncludeSubdomains ? '; includeSubDomains' : ''}${stsPreload ? '; preload' : ''}`
}

function secureTest({ sslProxyHeaders }: HeadersOptions): (exchange: Exchange) => boolean {
  const said = Object.entries(sslProxyHeaders).map(([name, value]) => ({ name: name.toLowerCase(), value }))
  return ({ secure, headers }) =>
    secure || said.some(({ name, value }) => firstValue(headers, name) === value)
}

function hostOf({ host, headers }: Exchange, { hostsProxyHeaders }: HeadersOptions): string {
  const said = hostsProxyHeaders
    .map(name => firstValue(headers, name.toLowerCase()))
    .find(value => value !== '')
  return (said ?? host).toLowerCase()
}
