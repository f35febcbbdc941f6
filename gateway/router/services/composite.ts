/**
 * Services over other services: weighted, mirroring, failover.
 * https://doc.traefik.io/traefik/reference/routing-configuration/http/load-balancing/service/#advanced-service-types
 *
 *   core: { weighted: { services: [{ name: core-new, weight: 1 }, { name: core-old, weight: 9 }] } }
 */
import type { ServiceConfiguration } from '../configuration/dynamic.ts'
import { answerError, type Exchange, resume } from '../request/exchange.ts'
import { chooser } from './balance.ts'
import type { Service } from './service.ts'
import { createSticky } from './sticky.ts'

type Kind<Name extends keyof ServiceConfiguration> = NonNullable<ServiceConfiguration[Name]>
type Find = (name: string) => Service

export function createWeighted(options: Kind<'weighted'>, name: string, find: Find): Service {
  const children = options.services.map(child => ({
    ...child,
    inFlight: 0,
    averageMs: 0,
    service: find(child.name),
  }))
  const heedsHealth = options.healthCheck !== undefined
  if (heedsHealth) for (const child of children) requireHealth(child.name, child.service)
  const choose = chooser('wrr')
  const sticky = options.sticky && createSticky(options.sticky.cookie, name)
  const open = () => (heedsHealth ? children.filter(child => child.service.isUp()) : children)
  return {
    isUp: () => open().length > 0,
    reportsHealth: heedsHealth,
    handle: exchange => {
      const candidates = open()
      const before = sticky?.find(candidates, exchange)
      const chosen = before ?? choose(candidates, exchange)
      if (!chosen) return answerError(exchange, 503, 'no available server')
      if (sticky && !before) sticky.remember(exchange, chosen.name)
      return chosen.service.handle(exchange)
    },
  }
}

/** The fallback answers while the main service is down; with `errors`, also when it answers with such a status. */
export function createFailover(options: Kind<'failover'>, find: Find): Service {
  const main = find(options.service)
  const fallback = find(options.fallback)
  const { errors } = options
  if (!errors) requireHealth(options.service, main)
  if (options.healthCheck !== undefined) requireHealth(options.fallback, fallback)
  return {
    isUp: () => main.isUp() || fallback.isUp(),
    reportsHealth: options.healthCheck !== undefined,
    handle: exchange => {
      if (!main.isUp()) return fallback.handle(exchange)
      if (errors && canRepeat(exchange))
        exchange.response.onHead(head => {
          if (errors.status(head.status)) exchange.response.hold(() => resume(fallback.handle, exchange))
        })
      return main.handle(exchange)
    },
  }
}

/** Traefik does not take such a service either: nobody would ever notice that the child is down. */
function requireHealth(name: string, { reportsHealth }: Service): void {
  if (!reportsHealth) throw new Error(`the service "${name}" has no healthCheck to go by`)
}

/** Only what has no body: it would be gone with the first attempt. */
function canRepeat({ headers }: Exchange): boolean {
  return headers['transfer-encoding'] === undefined && Number(headers['content-length'] ?? 0) === 0
}
