/** Which servers answer: asked on a timer (healthCheck), or noticed from requests that fail (passiveHealthCheck). */
import type { Dispatcher } from 'undici'
import type { HealthCheckConfiguration, LoadBalancerConfiguration } from '../configuration/dynamic.ts'
import type { Log } from '../middlewares/kind.ts'

export type ServerHealth = { isUp(): boolean; observe(outcome: { status: number }): void; stop(): void }

export type ActiveOptions = {
  serverUrl: string
  check: HealthCheckConfiguration
  dispatcher: Dispatcher
  log: Log
  onChange(up: boolean): void
}

/** https://doc.traefik.io/traefik/reference/routing-configuration/http/load-balancing/service/#health-check */
export function activeHealth({
  serverUrl,
  check,
  dispatcher,
  log,
  onChange,
}: ActiveOptions): ServerHealth & { fail(): void } {
  const target = new URL(check.path, serverUrl)
  if (check.scheme) target.protocol = check.scheme
  if (check.port) target.port = String(check.port)
  let up = true
  let stopped = false
  let timer: NodeJS.Timeout | undefined
  const become = (next: boolean, message: string) => {
    if (next === up) return
    up = next
    log.warn({ server: serverUrl, up }, message)
    onChange(up)
  }
  const ask = async () => {
    const healthy = await answers(target, check, dispatcher)
    if (stopped) return
    become(healthy, healthy ? 'server answers again' : 'server does not answer its health check')
    timer = setTimeout(ask, up ? check.interval : (check.unhealthyInterval ?? check.interval))
    timer.unref()
  }
  void ask()
  return {
    isUp: () => up,
    /** Out until the next check says otherwise. */
    fail: () => become(false, 'server fails requests'),
    observe: () => {},
    stop: () => {
      stopped = true
      clearTimeout(timer)
    },
  }
}

async function answers(
  target: URL,
  check: HealthCheckConfiguration,
  dispatcher: Dispatcher,
): Promise<boolean> {
  try {
    const status = await statusAt(target, check, dispatcher, AbortSignal.timeout(check.timeout))
    return check.status > 0 ? status === check.status : status >= 200 && status < 400
  } catch {
    return false
  }
}

const maxRedirects = 10

async function statusAt(
  target: URL,
  check: HealthCheckConfiguration,
  dispatcher: Dispatcher,
  signal: AbortSignal,
): Promise<number> {
  for (let redirects = 0, url = target; ; redirects++) {
    const { statusCode, headers, body } = await dispatcher.request({
      origin: url.origin,
      path: url.pathname + url.search,
      method: check.method as Dispatcher.HttpMethod,
      headers: { ...check.headers, ...(check.hostname && { host: check.hostname }) },
      signal,
    })
    await body.dump()
    const { location } = headers
    if (!check.followRedirects || ![301, 302, 303, 307, 308].includes(statusCode)) return statusCode
    if (typeof location !== 'string' || redirects === maxRedirects) return statusCode
    url = new URL(location, url)
  }
}

type PassiveConfiguration = NonNullable<LoadBalancerConfiguration['passiveHealthCheck']>

/** Calls `onDown` at the `maxFailedAttempts`th failure in a row within `failureWindow`. */
export function watchFailures(
  { failureWindow, maxFailedAttempts }: PassiveConfiguration,
  now: () => number,
  onDown: () => void,
): ServerHealth['observe'] {
  let failedAtMs: number[] = []
  return ({ status }) => {
    if (status < 500) {
      if (failedAtMs.length > 0) failedAtMs = []
      return
    }
    failedAtMs = [...failedAtMs.filter(at => now() - at < failureWindow), now()]
    if (failedAtMs.length < maxFailedAttempts) return
    failedAtMs = []
    onDown()
  }
}

/** A server that fails is out for the window. */
export function passiveHealth(
  check: PassiveConfiguration,
  now: () => number,
  onChange: (up: boolean) => void,
): ServerHealth {
  let backAtMs = Number.NEGATIVE_INFINITY
  let timer: NodeJS.Timeout | undefined
  const observe = watchFailures(check, now, () => {
    if (now() < backAtMs) return
    backAtMs = now() + check.failureWindow
    onChange(false)
    // For the gauge: nobody may ask for a while.
    timer = setTimeout(onChange, check.failureWindow, true)
    timer.unref()
  })
  return { isUp: () => now() >= backAtMs, observe, stop: () => clearTimeout(timer) }
}

export const alwaysUp: ServerHealth = { isUp: () => true, observe: () => {}, stop: () => {} }
