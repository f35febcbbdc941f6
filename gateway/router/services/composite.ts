/**
 * Services over other services: weighted, highestRandomWeight, failover; mirroring has a file of its own.
 * https://doc.traefik.io/traefik/reference/routing-configuration/http/load-balancing/service/#advanced-service-types
 *
 *   core: { weighted: { services: [{ name: core-new, weight: 1 }, { name: core-old, weight: 9 }] } }
 */
import type { ServiceConfiguration } from '../configuration/dynamic.ts'
import { answerError, type Exchange, type Handler, resume } from '../request/exchange.ts'
import { copyHeaders } from '../request/headers.ts'
import { announcedLength, BodyTooLarge, readBody, replay } from '../request/replay.ts'
import { type Choose, chooser } from './balance.ts'
import type { Service } from './service.ts'
import { createSticky, type Sticky } from './sticky.ts'
import { answerNoServer } from './upstream.ts'

type Kind<Name extends keyof ServiceConfiguration> = NonNullable<ServiceConfiguration[Name]>
type Find = (name: string) => Service

export function createWeighted(options: Kind<'weighted'>, name: string, find: Find): Service {
  const sticky = options.sticky && createSticky(options.sticky.cookie, name)
  return balanceOver(options, chooser('wrr'), find, sticky)
}

/** The same client always gets the same child. */
export function createHighestRandomWeight(options: Kind<'highestRandomWeight'>, find: Find): Service {
  return balanceOver(options, chooser('hrw'), find)
}

function balanceOver(
  options: Pick<Kind<'weighted'>, 'services' | 'healthCheck'>,
  choose: Choose,
  find: Find,
  sticky?: Sticky,
): Service {
  const children = options.services.map(child => ({
    ...child,
    inFlight: 0,
    averageMs: 0,
    service: find(child.name),
  }))
  const heedsHealth = options.healthCheck !== undefined
  if (heedsHealth) for (const child of children) requireHealth(child.name, child.service)
  const open = () => (heedsHealth ? children.filter(child => child.service.isUp()) : children)
  return {
    isUp: () => open().length > 0,
    reportsHealth: heedsHealth,
    handle: exchange => {
      const candidates = open()
      const before = sticky?.find(candidates, exchange)
      const chosen = before ?? choose(candidates, exchange)
      if (!chosen) return answerNoServer(exchange, 'no available server')
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
  const second: Handler = exchange => (fallback.isUp() ? fallback.handle(exchange) : answerNoServer(exchange))
  if (!errors) requireHealth(options.service, main)
  if (options.healthCheck !== undefined) requireHealth(options.fallback, fallback)
  return {
    isUp: () => main.isUp() || fallback.isUp(),
    reportsHealth: options.healthCheck !== undefined,
    handle: exchange => {
      if (!main.isUp()) return second(exchange)
      return errors ? tryBoth(exchange, errors, main.handle, second) : main.handle(exchange)
    },
  }
}

type Errors = NonNullable<Kind<'failover'>['errors']>

// Traefik's own bound is the memory.
const maxKeptBytes = 8 * 2 ** 20

/** The body is kept for the second service, whose answer is given when the first one's is an error. */
async function tryBoth(exchange: Exchange, errors: Errors, main: Handler, fallback: Handler): Promise<void> {
  const { response, method, path, query, host } = exchange
  const headers = copyHeaders(exchange.headers)
  let body: Buffer | undefined
  if (announcedLength(exchange) !== 0 && !exchange.upgrade) {
    const most = errors.maxRequestBodyBytes < 0 ? maxKeptBytes : errors.maxRequestBodyBytes
    const read = await bodyUpTo(exchange, most)
    if (!read) {
      exchange.refusal = 'body_too_large'
      return answerError(exchange, 413, 'Request body too large')
    }
    body = read
    exchange.request = replay(exchange, body)
  }
  response.onHead(head => {
    if (!errors.status(head.status)) return
    response.hold(() => {
      Object.assign(exchange, { path, query, host, headers, request: replay({ ...exchange, method }, body) })
      resume(fallback, exchange)
    })
  })
  return main(exchange)
}

async function bodyUpTo(exchange: Exchange, most: number): Promise<Buffer | undefined> {
  if ((announcedLength(exchange) ?? 0) > most) return undefined
  if (exchange.expectsContinue) exchange.response.writeContinue()
  exchange.expectsContinue = false
  try {
    // Of no bytes at all, any is too many; 0 would mean no limit.
    return await readBody(exchange.request, Math.max(most, 1))
  } catch (error) {
    if (error instanceof BodyTooLarge) return undefined
    throw error
  }
}

/** Traefik does not take such a service either: nobody would ever notice that the child is down. */
function requireHealth(name: string, { reportsHealth }: Service): void {
  if (!reportsHealth) throw new Error(`the service "${name}" has no healthCheck to go by`)
}
