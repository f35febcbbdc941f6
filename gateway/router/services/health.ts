/** Which servers answer: asked on a timer (healthCheck), or noticed from requests that fail (passiveHealthCheck). */
import type { HealthCheckConfiguration, LoadBalancerConfiguration } from '../configuration/dynamic.ts'
import type { Log } from '../middlewares/kind.ts'
import type { AnswerFields } from '../upstream/answer-lines.ts'
import { hopByHop } from '../upstream/hop-by-hop.ts'
import type { Pool } from '../upstream/pool.ts'
import { UpstreamError } from '../upstream/upstream-error.ts'
import type { Transport } from './upstream.ts'

export type ServerHealth = { isUp(): boolean; observe(outcome: { status: number }): void; stop(): void }

export type ActiveOptions = {
  serverUrl: string
  check: HealthCheckConfiguration
  transport: Transport
  log: Log
  onChange(up: boolean): void
}

/** https://doc.traefik.io/traefik/reference/routing-configuration/http/load-balancing/service/#health-check */
export function activeHealth({
  serverUrl,
  check,
  transport,
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
    const healthy = await answers(target, check, transport)
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

async function answers(target: URL, check: HealthCheckConfiguration, transport: Transport): Promise<boolean> {
  try {
    const status = await statusAt(target, check, transport, AbortSignal.timeout(check.timeout))
    return check.status > 0 ? status === check.status : status >= 200 && status < 400
  } catch {
    return false
  }
}

const maxRedirects = 10

async function statusAt(
  target: URL,
  check: HealthCheckConfiguration,
  transport: Transport,
  signal: AbortSignal,
): Promise<number> {
  for (let redirects = 0, url = target; ; redirects++) {
    // Elsewhere: a connection for this once.
    const elsewhere = url.origin === target.origin ? undefined : transport.openPool(url.origin)
    const pool = elsewhere ?? transport.poolFor(url.origin)
    const { status, fields } = await answerAt(url, check, pool, signal).finally(() => elsewhere?.close())
    const { location } = fields
    if (!check.followRedirects || ![301, 302, 303, 307, 308].includes(status)) return status
    if (typeof location !== 'string' || redirects === maxRedirects) return status
    url = new URL(location, url)
    if (url.protocol !== 'http:' && url.protocol !== 'https:') return status
  }
}

const connectionsOwn = new Set([...hopByHop, 'host', 'content-length'])

// Connections that requests left behind, and that have ended meanwhile, say nothing about the server.
const mostStale = 5

async function answerAt(...asked: Parameters<typeof headOf>): ReturnType<typeof headOf> {
  for (let again = mostStale; ; again--)
    try {
      return await headOf(...asked)
    } catch (error) {
      if (again === 0 || !(error instanceof UpstreamError) || error.code !== 'UPSTREAM_STALE') throw error
    }
}

/** Once the answer is whole: a server that breaks off is not well. Its body is dropped. */
function headOf(
  url: URL,
  check: HealthCheckConfiguration,
  pool: Pool,
  signal: AbortSignal,
): Promise<{ status: number; fields: AnswerFields }> {
  const own = Object.entries(check.headers).filter(([name]) => !connectionsOwn.has(name.toLowerCase()))
  const headers = ['Host', check.hostname ?? url.host, ...own.flat()]
  const asked = {
    method: check.method,
    target: url.pathname + url.search,
    headers,
    body: undefined,
    length: 0,
  }
  return new Promise((resolve, reject) => {
    signal.throwIfAborted()
    let head = { status: 0, fields: {} as AnswerFields }
    const late = () => {
      connection.destroy()
      reject(signal.reason)
    }
    signal.addEventListener('abort', late, { once: true })
    const over = () => signal.removeEventListener('abort', late)
    const connection = pool.send(asked, {
      onHead: (status, fields) => {
        head = { status, fields }
      },
      onEarly: () => {},
      onWait: () => {},
      onBody: (_bytes, release) => release?.(),
      onEnd: () => {
        over()
        resolve(head)
      },
      onError: error => {
        over()
        reject(error)
      },
    })
  })
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
