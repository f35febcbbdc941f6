/** Which routers of an entry point serve TLS, and with which options for which host. */
import type { RouterConfiguration } from '../configuration/dynamic.ts'
import type { Fault } from '../configuration/fault.ts'
import type { DynamicConfiguration, LoadedStatic } from '../configuration/load.ts'
import type { StaticConfiguration } from '../configuration/static.ts'
import { answerError, type Middleware } from '../request/exchange.ts'
import { hostsOf } from '../rules/hosts.ts'
import { type TlsTermination, tlsOptionsOf } from '../tls/termination.ts'
import { type Attempt, unqualified } from './names.ts'

/** The name of the options that a router's connections have; undefined: it serves plain HTTP. */
export function tlsOptionsFor(
  { tls }: RouterConfiguration,
  entryPoint: string,
  { entryPoints }: StaticConfiguration,
): string | undefined {
  const options = (tls ?? entryPoints[entryPoint]?.http.tls)?.options
  return options === undefined ? undefined : unqualified(options)
}

export type TlsChoice = {
  optionsByHost: ReadonlyMap<string, string>
  /** What a router's connections must have been made with; empty when all have the default. */
  optionsByRouter: ReadonlyMap<string, string>
}

/** Hosts that two routers want different options for get the default ones, and so do these routers, as in Traefik. */
export function chooseOptions(
  wanted: ReadonlyMap<string, string>,
  { routers }: DynamicConfiguration,
  attempt: Attempt,
): TlsChoice {
  const optionsByHost = new Map<string, string>()
  const hosts = new Map<string, string[]>()
  for (const [name, options] of wanted) {
    const named = attempt('routers', name, () => hostsOf(routers.get(name)?.rule ?? ''), ['rule']) ?? []
    hosts.set(name, named)
    for (const host of named)
      optionsByHost.set(host, (optionsByHost.get(host) ?? options) === options ? options : 'default')
    if (named.length === 0 && options !== 'default')
      attempt('routers', name, () => hostless(options), ['tls', 'options'])
  }
  const optionsByRouter = new Map<string, string>()
  if ([...wanted.values()].some(options => options !== 'default'))
    for (const [name, options] of wanted) {
      const own = hosts.get(name)?.every(host => optionsByHost.get(host) === options)
      optionsByRouter.set(name, own ? options : 'default')
    }
  return { optionsByHost, optionsByRouter }
}

function hostless(options: string): never {
  throw new Error(`TLS options are chosen by host: "${options}" needs a rule that names one`)
}

/** Options that no file gives are a fault. */
export function checkTls(
  { routers }: DynamicConfiguration,
  fixed: LoadedStatic,
  termination: TlsTermination,
  attempt: Attempt,
  faults: Fault[],
): void {
  const known = (options: string) => {
    if (!termination.knows(options)) throw new Error(`there are no TLS options "${options}"`)
  }
  for (const [name, { tls, parentRefs }] of routers) {
    if (!tls) continue
    attempt('routers', name, () => known(unqualified(tls.options)), ['tls', 'options'])
    attempt('routers', name, () => rootOnly(parentRefs), ['tls'])
  }
  for (const [name, { http }] of Object.entries(fixed.entryPoints))
    if (http.tls && !termination.knows(unqualified(http.tls.options)))
      faults.push(
        fixed.fault(
          ['entryPoints', name, 'http', 'tls', 'options'],
          `there are no TLS options "${http.tls.options}"`,
        ),
      )
}

function rootOnly(parentRefs: readonly string[]): void {
  if (parentRefs.length > 0) throw new Error('a router with a parent has the TLS of its parent')
}

/**
 * A connection made for one host, whose options may be weaker, is not used to ask for another: 421 (RFC 9110, 15.5.20).
 * https://doc.traefik.io/traefik/reference/routing-configuration/http/tls/tls-options/
 */
export function sameOptions(options: string): Middleware {
  return next => exchange => {
    if (tlsOptionsOf(exchange.request.socket) === options) return next(exchange)
    exchange.refusal = 'tls_options'
    answerError(exchange, 421)
  }
}
