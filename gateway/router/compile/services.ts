/** `http.services` → balancers, each made once and shared by all who name it. */
import { Agent, type Dispatcher } from 'undici'
import {
  defaultTransport,
  type ServersTransport,
  type ServiceConfiguration,
} from '../configuration/dynamic.ts'
import type { DynamicConfiguration } from '../configuration/load.ts'
import type { Log } from '../middlewares/kind.ts'
import type { RouterMetrics } from '../observe/metrics.ts'
import { createFailover, createWeighted } from '../services/composite.ts'
import { createLoadBalancer } from '../services/load-balancer.ts'
import type { Mounts } from '../services/mount.ts'
import type { Service } from '../services/service.ts'
import { unqualified } from './names.ts'

export type CompileContext = { mounts: Mounts; log: Log; metrics: RouterMetrics; now(): number }

/** Services by name; throws an Error for one that is not there, or that leads back to itself. */
export function createServices(
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
