/** Typed configuration → handlers: services, then middlewares, then one route table per entry point. */
import { Agent, type Dispatcher } from 'undici'
import { compileMiddleware } from './compile-middleware.ts'
import {
  defaultTransport,
  type RouterConfiguration,
  type ServersTransport,
  type ServiceConfiguration,
} from './configuration/dynamic.ts'
import { ConfigurationError, type Fault } from './configuration/fault.ts'
import type { DynamicConfiguration } from './configuration/load.ts'
import type { StaticConfiguration } from './configuration/static.ts'
import { denyEncoded } from './middlewares/encoded-characters.ts'
import type { Log } from './middlewares/kind.ts'
import type { RouterMetrics } from './observe/metrics.ts'
import { answerError, type Handler, type Middleware } from './request/exchange.ts'
import { subjectOf } from './rules/matchers.ts'
import { createRouteTable, type RouteEntry } from './rules/route-table.ts'
import { createFailover, createWeighted } from './services/composite.ts'
import { createLoadBalancer } from './services/load-balancer.ts'
import type { Mounts } from './services/mount.ts'
import type { Service } from './services/service.ts'

export type CompileContext = { mounts: Mounts; log: Log; metrics: RouterMetrics; now(): number }

export type Compiled = {
  entryPoints: ReadonlyMap<string, Handler>
  /** Ends timers and connections once requests that still use these handlers are through. */
  retire(): void
}

/** Throws ConfigurationError with everything that does not fit together. */
export function compile(
  fixed: StaticConfiguration,
  dynamic: DynamicConfiguration,
  context: CompileContext,
): Compiled {
  const faults: Fault[] = []
  const releases: (() => void)[] = []
  const onRetire = (release: () => void) => void releases.push(release)
  const attempt = <Result>(
    section: 'routers' | 'middlewares' | 'services',
    name: string,
    make: () => Result,
    path: string[] = [],
  ) => {
    try {
      return make()
    } catch (error) {
      faults.push(dynamic.fault(section, name, path, error instanceof Error ? error.message : String(error)))
      return undefined
    }
  }
  const service = createServices(dynamic, context, onRetire)
  const middleware = createMiddlewares(dynamic, {
    ...context,
    onRetire,
    service: name => service(name).handle,
  })
  for (const name of dynamic.services.keys()) attempt('services', name, () => service(name))
  for (const name of dynamic.middlewares.keys()) attempt('middlewares', name, () => middleware(name))

  const entryPoints = new Map<string, Handler>()
  for (const [entryPoint, options] of Object.entries(fixed.entryPoints)) {
    const builder = createRouterBuilder(dynamic, { service, middleware, attempt })
    const deny = denyEncoded(options.http.encodedCharacters ?? everything)
    const outer = options.http.middlewares.map(name =>
      step(() => middleware(unqualified(name)), faults, entryPoint),
    )
    const wrap = (handler: Handler) => deny(outer.reduceRight((inner, one) => one(inner), handler))
    entryPoints.set(
      entryPoint,
      builder(name => servesOn(dynamic.routers.get(name), entryPoint, fixed), wrap),
    )
  }
  const retire = () => {
    for (const release of releases.splice(0)) release()
  }
  if (faults.length > 0) {
    retire()
    throw new ConfigurationError(unique(faults))
  }
  return { entryPoints, retire }
}

const everything = {
  allowEncodedSlash: true,
  allowEncodedBackSlash: true,
  allowEncodedNullCharacter: true,
  allowEncodedSemicolon: true,
  allowEncodedPercent: true,
  allowEncodedQuestionMark: true,
  allowEncodedHash: true,
}

type Attempt = <Result>(
  section: 'routers' | 'middlewares' | 'services',
  name: string,
  make: () => Result,
  path?: string[],
) => Result | undefined

function step(make: () => Middleware, faults: Fault[], entryPoint: string): Middleware {
  try {
    return make()
  } catch (error) {
    faults.push({
      file: 'traefik.yml',
      key: `entryPoints.${entryPoint}.http.middlewares`,
      message: String(error),
    })
    return next => next
  }
}

/** `core@file` → `core`: there is no other provider here. */
function unqualified(name: string): string {
  return name.endsWith('@file') ? name.slice(0, -'@file'.length) : name
}

/** Entry points without `asDefault` on any of them are all defaults. */
function servesOn(
  router: RouterConfiguration | undefined,
  entryPoint: string,
  { entryPoints }: StaticConfiguration,
): boolean {
  if (!router || router.parentRefs.length > 0) return false
  if (router.entryPoints) return router.entryPoints.includes(entryPoint)
  const defaults = Object.keys(entryPoints).filter(name => entryPoints[name]?.asDefault)
  return defaults.length === 0 ? true : defaults.includes(entryPoint)
}

function createServices(
  dynamic: DynamicConfiguration,
  context: CompileContext,
  onRetire: (release: () => void) => void,
): (name: string) => Service {
  const made = new Map<string, Service>()
  const making = new Set<string>()
  const dispatchers = new Map<string, Dispatcher>()
  const dispatcherFor = (transport: string | undefined) => {
    const key = transport === undefined ? '' : unqualified(transport)
    const known = dispatchers.get(key)
    if (known) return known
    const options = key === '' ? defaultTransport : dynamic.serversTransports.get(key)
    if (!options) throw new Error(`there is no serversTransport "${key}"`)
    const dispatcher = createDispatcher(options)
    dispatchers.set(key, dispatcher)
    onRetire(() => void dispatcher.close().catch(() => {}))
    return dispatcher
  }
  const find = (given: string): Service => {
    const name = unqualified(given)
    const known = made.get(name)
    if (known) return known
    const options = dynamic.services.get(name)
    if (!options) throw new Error(`there is no service "${name}"`)
    if (making.has(name)) throw new Error(`the service "${name}" leads back to itself`)
    making.add(name)
    try {
      const service = createService(name, options, find, { ...context, dispatcherFor, onRetire })
      made.set(name, service)
      return service
    } finally {
      making.delete(name)
    }
  }
  return find
}

type ServiceContext = CompileContext & {
  dispatcherFor(transport: string | undefined): Dispatcher
  onRetire(release: () => void): void
}

function createService(
  name: string,
  options: ServiceConfiguration,
  find: (name: string) => Service,
  context: ServiceContext,
): Service {
  if (options.weighted) return createWeighted(options.weighted, name, find)
  if (options.failover) return createFailover(options.failover, find)
  if (!options.loadBalancer) throw new Error('the service has no kind')
  const { metrics, dispatcherFor } = context
  return createLoadBalancer(options.loadBalancer, {
    ...context,
    name: `${name}@file`,
    dispatcher: dispatcherFor(options.loadBalancer.serversTransport),
    onServerState: (url, up) => metrics.serverState(`${name}@file`, url, up),
  })
}

function createDispatcher({
  forwardingTimeouts,
  insecureSkipVerify,
  serverName,
}: ServersTransport): Dispatcher {
  const { dialTimeout, responseHeaderTimeout, idleConnTimeout } = forwardingTimeouts
  return new Agent({
    connect: {
      timeout: dialTimeout,
      rejectUnauthorized: !insecureSkipVerify,
      ...(serverName && { servername: serverName }),
    },
    headersTimeout: responseHeaderTimeout,
    // A stream may be silent for as long as it likes; the client or the service ends it.
    bodyTimeout: 0,
    keepAliveTimeout: Math.max(1, idleConnTimeout),
    keepAliveMaxTimeout: Math.max(1, idleConnTimeout),
    pipelining: 1,
  })
}

function createMiddlewares(
  dynamic: DynamicConfiguration,
  context: CompileContext & { service(name: string): Handler; onRetire(release: () => void): void },
): (name: string) => Middleware {
  const making = new Set<string>()
  // Made anew for every router that names it, as in Traefik: two routers with one rateLimit have a limit each.
  const find = (given: string): Middleware => {
    const name = unqualified(given)
    const options = dynamic.middlewares.get(name)
    if (!options) throw new Error(`there is no middleware "${name}"`)
    if (making.has(name)) throw new Error(`the middleware "${name}" leads back to itself`)
    making.add(name)
    try {
      const { countRetry } = context.metrics
      return compileMiddleware(options, { ...context, name: `${name}@file`, middleware: find, countRetry })
    } finally {
      making.delete(name)
    }
  }
  return find
}

type RouterParts = { service(name: string): Service; middleware(name: string): Middleware; attempt: Attempt }

/** A handler over the routers that `belongs` picks; parents hand on to the routers that name them. */
function createRouterBuilder(dynamic: DynamicConfiguration, { service, middleware, attempt }: RouterParts) {
  const children = new Map<string, string[]>()
  for (const [name, { parentRefs }] of dynamic.routers)
    for (const parent of parentRefs.map(unqualified)) {
      attempt(
        'routers',
        name,
        () => {
          if (!dynamic.routers.has(parent)) throw new Error(`there is no router "${parent}"`)
        },
        ['parentRefs'],
      )
      children.set(parent, [...(children.get(parent) ?? []), name])
    }
  const table = (
    names: readonly string[],
    wrap: (handler: Handler) => Handler,
    above: readonly string[],
  ): Handler => {
    const entries = names.flatMap(name => {
      const router = dynamic.routers.get(name)
      const target = router && attempt('routers', name, () => handlerOf(name, router, wrap, above))
      return router && target
        ? [{ name, rule: router.rule, priority: router.priority || router.rule.length, target }]
        : []
    })
    return handlerOver(entries.filter(entry => checkRule(entry, attempt)))
  }
  const handlerOf = (
    name: string,
    router: RouterConfiguration,
    wrap: (handler: Handler) => Handler,
    above: readonly string[],
  ): Handler => {
    if (above.includes(name)) throw new Error(`the router "${name}" is its own parent`)
    const below = children.get(name) ?? []
    if (below.length > 0 && router.service)
      throw new Error('a router that others name as their parent has no service')
    if (below.length === 0 && !router.service) throw new Error('the router has no service')
    const inner =
      below.length > 0
        ? table(below, handler => handler, [...above, name])
        : service(String(router.service)).handle
    const steps = router.middlewares.map(middleware)
    const chained = wrap(steps.reduceRight((next, one) => one(next), inner))
    const routerName = `${name}@file`
    return exchange => {
      exchange.router = routerName
      return chained(exchange)
    }
  }
  return (belongs: (name: string) => boolean, wrap: (handler: Handler) => Handler): Handler =>
    table([...dynamic.routers.keys()].filter(belongs), wrap, [])
}

function checkRule(entry: RouteEntry<Handler>, attempt: Attempt): boolean {
  return attempt('routers', entry.name, () => createRouteTable([entry]), ['rule']) !== undefined
}

function handlerOver(entries: readonly RouteEntry<Handler>[]): Handler {
  const routes = createRouteTable(entries)
  return exchange => {
    const found = routes.find(subjectOf(exchange))
    return found ? found(exchange) : answerError(exchange, 404, '404 page not found')
  }
}

function unique(faults: readonly Fault[]): Fault[] {
  return [...new Map(faults.map(fault => [JSON.stringify(fault), fault])).values()]
}
