/** `http.services` → balancers, each made once and shared by all who name it. */
import { defaultTransport, type ServiceConfiguration } from '../configuration/dynamic.ts'
import type { DynamicConfiguration } from '../configuration/load.ts'
import type { Log } from '../middlewares/kind.ts'
import type { RouterMetrics } from '../observe/metrics.ts'
import type { Middleware } from '../request/exchange.ts'
import { createFailover, createHighestRandomWeight, createWeighted } from '../services/composite.ts'
import { createLoadBalancer } from '../services/load-balancer.ts'
import { createMirroring } from '../services/mirroring.ts'
import type { Mounts } from '../services/mount.ts'
import type { Service } from '../services/service.ts'
import type { Transport } from '../services/upstream.ts'
import { unqualified } from './names.ts'
import { createTransport } from './transport.ts'

export type CompileContext = { mounts: Mounts; log: Log; metrics: RouterMetrics; now(): number }

export type ServiceParts = {
  onRetire(release: () => void): void
  onDrained(release: () => void): void
  middleware(name: string): Middleware
}

/** Services by name; throws an Error for one that is not there, or that leads back to itself. */
export function createServices(
  dynamic: DynamicConfiguration,
  context: CompileContext,
  { onRetire, onDrained, middleware }: ServiceParts,
): (name: string) => Service {
  const made = new Map<string, Service>()
  const making = new Set<string>()
  const transports = new Map<string, Transport>()
  const transportFor = (named: string | undefined) => {
    const key = named === undefined ? '' : unqualified(named)
    const known = transports.get(key)
    if (known) return known
    const options = key === '' ? defaultTransport : dynamic.serversTransports.get(key)
    if (!options) throw new Error(`there is no serversTransport "${key}"`)
    const { file } = dynamic.fault('serversTransports', key, [], '')
    const transport = createTransport(options, file)
    transports.set(key, transport)
    onDrained(transport.close)
    return transport
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
      const bare = createService(name, options, find, { ...context, transportFor, onRetire })
      const steps = (options.middlewares ?? []).map(middleware)
      const service = { ...bare, handle: steps.reduceRight((inner, one) => one(inner), bare.handle) }
      made.set(name, service)
      return service
    } finally {
      making.delete(name)
    }
  }
  return find
}

type ServiceContext = CompileContext & {
  transportFor(named: string | undefined): Transport
  onRetire(release: () => void): void
}

function createService(
  name: string,
  options: ServiceConfiguration,
  find: (name: string) => Service,
  context: ServiceContext,
): Service {
  if (options.weighted) return createWeighted(options.weighted, name, find)
  if (options.highestRandomWeight) return createHighestRandomWeight(options.highestRandomWeight, find)
  if (options.mirroring) return createMirroring(options.mirroring, find)
  if (options.failover) return createFailover(options.failover, find)
  if (!options.loadBalancer) throw new Error('the service has no kind')
  const { metrics, transportFor } = context
  return createLoadBalancer(options.loadBalancer, {
    ...context,
    name: `${name}@file`,
    transport: transportFor(options.loadBalancer.serversTransport),
    onServerState: (url, up) => metrics.serverState(`${name}@file`, url, up),
  })
}
