/** Runs Traefik's own files: `createRouter` reads them, compiles them and serves them, reloading on change. */
import type { AddressInfo } from 'node:net'
import { dirname } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { compile } from './compile/compile.ts'
import { ConfigurationError } from './configuration/fault.ts'
import { type DynamicConfiguration, dynamicSource, loadDynamic, loadStatic } from './configuration/load.ts'
import type { StaticConfiguration } from './configuration/static.ts'
import type { TemplateEnvironment } from './configuration/template.ts'
import { createEntryPoint } from './entry-point.ts'
import type { Listener } from './listener.ts'
import type { Log } from './middlewares/kind.ts'
import { createAccessLog } from './observe/access-log.ts'
import { createRouterMetrics, type RouterMetrics } from './observe/metrics.ts'
import { answerNoRoute, answerPlain, type Handler } from './request/exchange.ts'
import { type Mount, serverKey } from './services/mount.ts'
import { watchFiles } from './watch.ts'

export type { Log } from './middlewares/kind.ts'
export type { Mount, Verdict, VerifyRequest } from './services/mount.ts'

export type RouterOptions = {
  /** Path of traefik.yml. */
  staticFile: string
  /** Apps of this process by the server URL that the route files give them; other URLs are proxied. */
  mounts?: Record<string, Mount>
  /** What `{{ env "…" }}` in the dynamic files sees. */
  env?: TemplateEnvironment
  /** Where entry points listen instead; `false`: not at all. */
  overrides?: { entryPoints?: Record<string, { port?: number; host?: string } | false> }
  log: Log
  /** Milliseconds; for tests of limits. */
  now?: () => number
}

export type Router = {
  /** Opens every entry point. `url` and `port` are those of `web`, or of the first. */
  listen(): Promise<{ url: string; port: number; ports: Record<string, number> }>
  /** Reads the dynamic files again, and does nothing if they say the same. False: they are broken (logged), and the last good ones stay in force. */
  reload(): boolean
  /** Ends when requests under way are through. */
  close(): Promise<void>
  metricsText(): string
}

/** Throws ConfigurationError, with file, line and key of every fault, before anything listens. */
export function createRouter(options: RouterOptions): Router {
  const { staticFile, env = {}, log, now = () => performance.now() } = options
  const fixed = loadStatic(staticFile)
  const source = dynamicSource(staticFile, fixed)
  const metrics = createRouterMetrics(fixed.metrics?.prometheus)
  const mounts = new Map(Object.entries(options.mounts ?? {}).map(([url, mount]) => [serverKey(url), mount]))
  const load = () => loadDynamic(dynamicSource(staticFile, fixed).files, env)
  const compiled = (dynamic: DynamicConfiguration) => compile(fixed, dynamic, { mounts, log, metrics, now })
  let loaded = load()
  let current = compiled(loaded)
  metrics.reloaded(true)
  let broken = false
  let closing = false

  const replace = (next: DynamicConfiguration): void => {
    const takeBack = metrics.forgetConfiguration()
    try {
      const last = current
      current = compiled(next)
      loaded = next
      // Requests under way still use the old handlers; their connections close once idle.
      last.retire()
    } catch (error) {
      takeBack()
      throw error
    }
    metrics.reloaded(true)
    log.info({ routers: source.directory ?? source.files }, 'route files reloaded')
  }

  const reload = (): boolean => {
    try {
      const next = load()
      // A file that is written anew as it was, or another beside it: limits would begin from nothing for it.
      const unchanged = isDeepStrictEqual(next.source, loaded.source)
      if (!unchanged) replace(next)
      else if (broken) log.info({}, 'route files are the last good ones again')
      broken = false
      return true
    } catch (error) {
      broken = true
      metrics.reloaded(false)
      const faults = error instanceof ConfigurationError ? error.faults : undefined
      log.error({ err: error, faults }, 'route files are broken: the last good ones stay in force')
      return false
    }
  }

  const opened = new Map<string, Listener>()
  let watcher: { stop(): void } | undefined
  const accessLog = createAccessLog(fixed.accessLog, log)
  const open = async (name: string): Promise<[string, AddressInfo] | undefined> => {
    const override = options.overrides?.entryPoints?.[name]
    const configured = fixed.entryPoints[name]
    if (override === false || !configured) return undefined
    const own = ownHandler(name, fixed, metrics, () => closing)
    const routed: Handler = exchange => {
      exchange.leave = current.enter()
      const compiled = current.entryPoints.get(name)
      return ((exchange.secure ? compiled?.secure : compiled?.plain) ?? answerNoRoute)(exchange)
    }
    const handler = own ? own(routed) : routed
    const entryPoint = createEntryPoint({
      name,
      options: configured,
      traced: fixed.tracing !== undefined,
      handler: () => handler,
      terminate: () => current.entryPoints.get(name)?.terminate,
      accessLog,
      metrics,
      log,
    })
    const [host, port] = splitAddress(configured.address)
    const address = await entryPoint.listen(override?.port ?? port, override?.host ?? host)
    opened.set(name, entryPoint)
    return [name, address]
  }

  const close = async () => {
    closing = true
    watcher?.stop()
    await Promise.all([...opened.values()].map(entryPoint => entryPoint.close()))
    opened.clear()
    current.retire()
  }

  return {
    reload,
    close,
    metricsText: metrics.text,
    async listen() {
      const addresses = new Map<string, AddressInfo>()
      try {
        for (const name of Object.keys(fixed.entryPoints)) {
          const entry = await open(name)
          if (entry) addresses.set(...entry)
        }
      } catch (error) {
        await close()
        throw error
      }
      const { watch, directory, filename } = fixed.providers.file
      const watched =
        source.directory ?? (source.files[0] === undefined ? undefined : dirname(source.files[0]))
      if (watch && watched && (directory ?? filename) !== undefined)
        watcher = watchFiles({
          directory: watched,
          throttleMs: Math.min(fixed.providers.providersThrottleDuration, 200),
          onChange: reload,
          onError: err => log.error({ err, directory: watched }, 'route files are no longer watched'),
        })
      const main = addresses.get('web') ?? [...addresses.values()][0]
      if (!main) throw new Error('no entry point is open')
      const ports = Object.fromEntries([...addresses].map(([name, { port }]) => [name, port]))
      return { url: urlOf(main), port: main.port, ports }
    },
  }
}

function splitAddress(address: string): [string | undefined, number] {
  const colon = address.lastIndexOf(':')
  const host = address.slice(0, colon).replace(/^\[|\]$/g, '')
  return [host === '' ? undefined : host, Number.parseInt(address.slice(colon + 1), 10)]
}

function urlOf({ address, family, port }: AddressInfo): string {
  if (address === '::' || address === '0.0.0.0') return `http://localhost:${port}`
  return `http://${family === 'IPv6' ? `[${address}]` : address}:${port}`
}

/** /ping and /metrics, where the static file puts them. */
function ownHandler(
  entryPoint: string,
  { ping, metrics }: StaticConfiguration,
  registry: RouterMetrics,
  closing: () => boolean,
): ((next: Handler) => Handler) | undefined {
  const pings = ping?.entryPoint === entryPoint && !ping.manualRouting
  const prometheus = metrics?.prometheus
  const counts = prometheus?.entryPoint === entryPoint && !prometheus.manualRouting
  if (!pings && !counts) return undefined
  return next => exchange => {
    if (pings && exchange.path === '/ping') {
      exchange.internal = true
      const status = closing() ? ping.terminatingStatusCode : 200
      return answerPlain(exchange, status, status === 200 ? 'OK' : undefined)
    }
    if (counts && exchange.path === '/metrics') {
      exchange.internal = true
      exchange.response.setHeader('content-type', 'text/plain; version=0.0.4; charset=utf-8')
      return answerPlain(exchange, 200, registry.text())
    }
    return next(exchange)
  }
}
