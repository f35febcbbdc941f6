/** `http.routers` → one route table per entry point; parents hand on to tables of their own. */
import type { RouterConfiguration } from '../configuration/dynamic.ts'
import type { DynamicConfiguration } from '../configuration/load.ts'
import type { StaticConfiguration } from '../configuration/static.ts'
import { answerNoRoute, type Handler, type Middleware } from '../request/exchange.ts'
import { subjectOf } from '../rules/matchers.ts'
import { createRouteTable, type RouteEntry } from '../rules/route-table.ts'
import type { Service } from '../services/service.ts'
import { type Attempt, unqualified } from './names.ts'
import { sameOptions } from './tls.ts'

export type RouterParts = {
  service(name: string): Service
  middleware(name: string): Middleware
  attempt: Attempt
  /** The steps of the entry point, around those of every router. */
  wrap(handler: Handler): Handler
}

export type TableOptions = {
  /** Routes that no file gives. */
  more?: readonly RouteEntry<Handler>[]
  /** By router: the TLS options that its connections must have been made with. */
  tlsOptions?: ReadonlyMap<string, string>
}

export type RouterBuilder = (names: readonly string[], options: TableOptions) => Handler

/** A handler over the routers of these names; parents hand on to the routers that name them. */
export function createRouterBuilder(
  dynamic: DynamicConfiguration,
  { service, middleware, attempt, wrap: outermost }: RouterParts,
): RouterBuilder {
  const children = new Map<string, string[]>()
  for (const [name, { parentRefs }] of dynamic.routers)
    for (const parent of parentRefs.map(unqualified))
      children.set(parent, [...(children.get(parent) ?? []), name])
  /** What is wrong with something that is there is told where it stands, not wherever it is named. */
  const named = <Made>(
    section: 'services' | 'middlewares',
    given: string,
    make: (name: string) => Made,
    at: { router: string; path: string[] },
  ): Made | undefined => {
    const name = unqualified(given)
    if (dynamic[section].has(name)) return attempt(section, name, () => make(given))
    return attempt('routers', at.router, () => make(given), at.path)
  }
  const table = (
    names: readonly string[],
    wrap: (handler: Handler, name: string) => Handler,
    above: readonly string[],
    more: readonly RouteEntry<Handler>[] = [],
  ): Handler => {
    const entries = names.flatMap(name => {
      const router = dynamic.routers.get(name)
      const target = router && attempt('routers', name, () => handlerOf(name, router, wrap, above))
      return router && target
        ? [{ name, rule: router.rule, priority: router.priority || router.rule.length, target }]
        : []
    })
    return handlerOver([...entries.filter(entry => checkRule(entry, attempt)), ...more])
  }
  const handlerOf = (
    name: string,
    router: RouterConfiguration,
    wrap: (handler: Handler, name: string) => Handler,
    above: readonly string[],
  ): Handler | undefined => {
    if (above.includes(name)) throw new Error(`the router "${name}" is its own parent`)
    const below = children.get(name) ?? []
    if (below.length > 0 && router.service)
      throw new Error('a router that others name as their parent has no service')
    if (below.length === 0 && !router.service) throw new Error('the router has no service')
    const inner =
      below.length > 0
        ? table(below, handler => handler, [...above, name])
        : named('services', String(router.service), one => service(one).handle, {
            router: name,
            path: ['service'],
          })
    const steps = router.middlewares.flatMap(
      (one, index) =>
        named('middlewares', one, middleware, { router: name, path: ['middlewares', String(index)] }) ?? [],
    )
    if (!inner) return undefined
    const chained = wrap(
      steps.reduceRight((next, one) => one(next), inner),
      name,
    )
    const routerName = `${name}@file`
    const { observability } = router
    return exchange => {
      exchange.router = routerName
      if (observability) exchange.observability = observability
      return chained(exchange)
    }
  }
  return (names, { more = [], tlsOptions }) => {
    const wrap = (handler: Handler, name: string) => {
      const options = tlsOptions?.get(name)
      return outermost(options === undefined ? handler : sameOptions(options)(handler))
    }
    return table(names, wrap, [], more)
  }
}

function checkRule(entry: RouteEntry<Handler>, attempt: Attempt): boolean {
  return attempt('routers', entry.name, () => createRouteTable([entry]), ['rule']) !== undefined
}

function handlerOver(entries: readonly RouteEntry<Handler>[]): Handler {
  const routes = createRouteTable(entries)
  return exchange => {
    const found = routes.find(subjectOf(exchange))
    return found ? found(exchange) : answerNoRoute(exchange)
  }
}

/** Entry points without `asDefault` on any of them are all defaults. */
export function servesOn(
  router: RouterConfiguration | undefined,
  entryPoint: string,
  { entryPoints }: StaticConfiguration,
): boolean {
  if (!router || router.parentRefs.length > 0) return false
  if (router.entryPoints) return router.entryPoints.includes(entryPoint)
  const defaults = Object.keys(entryPoints).filter(name => entryPoints[name]?.asDefault)
  return defaults.length === 0 ? true : defaults.includes(entryPoint)
}

/** A router that no request can reach is a mistake, never a router that sleeps. */
export function checkRouters(
  dynamic: DynamicConfiguration,
  fixed: StaticConfiguration,
  attempt: Attempt,
): void {
  for (const [name, router] of dynamic.routers) {
    attempt('routers', name, () => checkParents(name, dynamic), ['parentRefs'])
    attempt('routers', name, () => checkEntryPoints(router, fixed), ['entryPoints'])
  }
}

function checkParents(name: string, { routers }: DynamicConfiguration): void {
  const reached = (router: string, below: readonly string[]): boolean => {
    const parents = routers.get(router)?.parentRefs.map(unqualified)
    if (!parents) throw new Error(`there is no router "${router}"`)
    return (
      parents.length === 0 ||
      parents.some(parent => !below.includes(parent) && reached(parent, [...below, parent]))
    )
  }
  if (!reached(name, [name])) throw new Error('no request can reach this router: its parents lead back to it')
}

function checkEntryPoints(
  { entryPoints = [], parentRefs }: RouterConfiguration,
  fixed: StaticConfiguration,
): void {
  if (parentRefs.length > 0 && entryPoints.length > 0)
    throw new Error('a router with a parent has no entry points of its own')
  const unknown = entryPoints.find(entryPoint => !(entryPoint in fixed.entryPoints))
  if (unknown !== undefined) throw new Error(`there is no entry point "${unknown}"`)
}
