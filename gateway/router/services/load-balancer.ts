/**
 * loadBalancer: one service over several servers, each an app of this process or a URL.
 * https://doc.traefik.io/traefik/reference/routing-configuration/http/load-balancing/service/
 *
 *   core: { loadBalancer: { servers: [{ url: 'http://core:3001' }] } }
 */
import type { LoadBalancerConfiguration } from '../configuration/dynamic.ts'
import type { Log } from '../middlewares/kind.ts'
import type { Exchange, Handler } from '../request/exchange.ts'
import { type Choice, chooser } from './balance.ts'
import { activeHealth, alwaysUp, passiveHealth, type ServerHealth, watchFailures } from './health.ts'
import { callMount } from './in-process.ts'
import { type Mounts, serverKey } from './mount.ts'
import { proxyTo } from './proxy.ts'
import type { Service } from './service.ts'
import { createSticky } from './sticky.ts'
import { answerNoServer, type Transport } from './upstream.ts'

export type LoadBalancerContext = {
  /** `core@file` */
  name: string
  mounts: Mounts
  transport: Transport
  log: Log
  now(): number
  onServerState(serverUrl: string, up: boolean): void
  onRetire(release: () => void): void
}

type Server = Choice & { handle: Handler; health: ServerHealth }

export function createLoadBalancer(
  options: LoadBalancerConfiguration,
  context: LoadBalancerContext,
): Service {
  const servers = options.servers.map(server => createServer(server, options, context))
  const choose = chooser(options.strategy)
  const sticky = options.sticky && createSticky(options.sticky.cookie, context.name)
  const only = servers.length === 1 && !sticky ? servers[0] : undefined
  const pick = (exchange: Exchange): Server | undefined => {
    if (only) return only.health.isUp() && only.weight > 0 ? only : undefined
    const up = servers.filter(server => server.health.isUp())
    const before = sticky?.find(up, exchange)
    const chosen = before ?? choose(up, exchange)
    if (sticky && chosen && chosen !== before) sticky.remember(exchange, chosen.name)
    return chosen
  }
  return {
    isUp: () => servers.some(server => server.health.isUp()),
    reportsHealth: options.healthCheck !== undefined || options.passiveHealthCheck !== undefined,
    handle: exchange => {
      exchange.service = context.name
      const server = pick(exchange)
      if (!server) return answerNoServer(exchange, 'no available server')
      return call(server, exchange, servers.length > 1)
    },
  }
}

function call(server: Server, exchange: Exchange, measured: boolean): void | Promise<void> {
  if (measured) {
    // Its client went away while a middleware waited: nothing would tell of its end any more.
    if (exchange.response.destroyed) return
    const startedAt = performance.now()
    server.inFlight++
    exchange.response.once('close', () => {
      server.inFlight--
      // A moving average: the last ten answers weigh most.
      server.averageMs += (performance.now() - startedAt - server.averageMs) / 10
    })
  }
  return server.handle(exchange)
}

function createServer(
  { url, weight, preservePath }: LoadBalancerConfiguration['servers'][number],
  options: LoadBalancerConfiguration,
  context: LoadBalancerContext,
): Server {
  const { mounts, transport } = context
  const figures = { name: url, weight, inFlight: 0, averageMs: 0 }
  const mount = mounts.get(serverKey(url))
  context.onServerState(url, true)
  // An app of this process answers for as long as there is a process to ask.
  if (mount) return { ...figures, handle: callMount(mount, url, options.passHostHeader), health: alwaysUp }
  const health = healthOf(url, options, context)
  const handle = proxyTo({
    transport,
    serverUrl: url,
    passHostHeader: options.passHostHeader,
    preservePath,
    onOutcome: outcome => health.observe(outcome),
  })
  return { ...figures, handle, health }
}

function healthOf(
  serverUrl: string,
  options: LoadBalancerConfiguration,
  context: LoadBalancerContext,
): ServerHealth {
  const onChange = (up: boolean) => context.onServerState(serverUrl, up)
  const { log, transport } = context
  const { healthCheck: check, passiveHealthCheck: passive } = options
  if (!check) {
    if (!passive) return alwaysUp
    const health = passiveHealth(passive, context.now, onChange)
    context.onRetire(health.stop)
    return health
  }
  const active = activeHealth({ serverUrl, check, transport, log, onChange })
  context.onRetire(active.stop)
  return passive ? { ...active, observe: watchFailures(passive, context.now, active.fail) } : active
}
