/**
 * retry: asks again when a server cannot be reached, or answers with one of `status`.
 * https://doc.traefik.io/traefik/middlewares/http/retry/
 *
 *   again: { retry: { attempts: 3, initialInterval: 100ms } }
 *
 * A request of which something was sent is only repeated for `status`, and then only an idempotent one: it may have
 * had its effect.
 */
import { z } from 'zod'
import { count, durationMs, flag, statusRanges } from '../configuration/values.ts'
import { type Exchange, type Handler, resume } from '../request/exchange.ts'
import { copyHeaders } from '../request/headers.ts'
import { BodyTooLarge, readBody, replay } from '../request/replay.ts'
import { middlewareKind } from './kind.ts'

const schema = z
  .strictObject({
    attempts: count.refine(attempts => attempts > 0, 'must be at least 1'),
    timeout: durationMs.default(0),
    initialInterval: durationMs.default(0),
    maxRequestBodyBytes: count.default(2 << 20),
    status: statusRanges.optional(),
    disableRetryOnNetworkError: flag.default(false),
    retryNonIdempotentMethod: flag.default(false),
  })
  .refine(
    ({ status, disableRetryOnNetworkError: off }) => status || !off,
    'with disableRetryOnNetworkError, give status',
  )

type Options = z.infer<typeof schema>

export const retry = middlewareKind({
  schema,
  create: (options, { now, countRetry }) => {
    if (options.attempts === 1) return next => next
    return next => async exchange => {
      const body = await repeatableBody(exchange, options)
      const bodiless = exchange.upgrade !== undefined && mayRepeat(exchange, options)
      const startedAtMs = now()
      const before = snapshot(exchange)
      let timer: NodeJS.Timeout | undefined
      exchange.response.once('close', () => clearTimeout(timer))
      const attempt =
        (number: number): Handler =>
        () => {
          restore(exchange, before)
          if (body) exchange.request = replay(exchange, body)
          const late = options.timeout > 0 && now() - startedAtMs >= options.timeout
          if (number < options.attempts && !late)
            armRetry(exchange, options, body !== undefined || bodiless, again(number))
          return next(exchange)
        }
      const again = (number: number) => () => {
        exchange.retries++
        countRetry(exchange.service ?? '')
        const waitMs = options.initialInterval * 2 ** ((number - 1) / (options.attempts - 1))
        timer = setTimeout(() => resume(attempt(number + 1), exchange), waitMs)
      }
      return attempt(1)(exchange)
    }
  },
})

type Before = Pick<Exchange, 'path' | 'query' | 'host' | 'headers' | 'failed'> & { hooks: number }

/** What middlewares further in may change: each attempt starts from the same. */
function snapshot({ path, query, host, headers, failed, response }: Exchange): Before {
  return { path, query, host, headers: copyHeaders(headers), failed, hooks: response.hookCount }
}

function restore(exchange: Exchange, { hooks, headers, ...fields }: Before): void {
  Object.assign(exchange, fields, { headers: copyHeaders(headers) })
  exchange.response.dropHooks(hooks)
}

function armRetry(exchange: Exchange, options: Options, replayable: boolean, again: () => void): void {
  let armed = true
  const once = () => {
    armed = false
    again()
  }
  if (!options.disableRetryOnNetworkError)
    exchange.failed = ({ requestSent }) => {
      if (!armed || requestSent) return false
      once()
      return true
    }
  const { status } = options
  if (status && replayable)
    exchange.response.onHead(head => {
      if (armed && status(head.status)) exchange.response.hold(once)
    })
}

const notIdempotent = new Set(['POST', 'PATCH', 'LOCK'])

const mayRepeat = ({ method }: Exchange, { retryNonIdempotentMethod }: Options) =>
  retryNonIdempotentMethod || !notIdempotent.has(method)

/** The body in memory, when an answer may lead to another attempt; undefined: only network errors do. */
async function repeatableBody(exchange: Exchange, options: Options): Promise<Buffer | undefined> {
  if (!options.status || exchange.upgrade) return undefined
  if (!mayRepeat(exchange, options)) return undefined
  if (Number(exchange.headers['content-length'] ?? 0) > options.maxRequestBodyBytes) return undefined
  // A chunked body may turn out too long when half of it is read; it is passed on once, as it comes.
  if (exchange.headers['transfer-encoding'] !== undefined) return undefined
  if (exchange.expectsContinue) exchange.response.writeContinue()
  exchange.expectsContinue = false
  try {
    return await readBody(exchange.request, options.maxRequestBodyBytes)
  } catch (error) {
    if (error instanceof BodyTooLarge) return undefined
    throw error
  }
}
