/**
 * rateLimit: so many requests a period from each source, with bursts; beyond it 429 with Retry-After and X-Retry-In.
 * https://doc.traefik.io/traefik/middlewares/http/ratelimit/
 *
 *   core-limit:
 *     rateLimit: { average: 100, period: 1m, burst: 100, sourceCriterion: { requestHeaderName: X-Auth-Subject } }
 */
import { z } from 'zod'
import { count, durationMs, integer } from '../configuration/values.ts'
import { answerError, answerPlain, type Exchange, type Handler } from '../request/exchange.ts'
import { middlewareKind } from './kind.ts'
import { createRedisBuckets, redisSchema } from './redis-limit.ts'
import { sourceCriterionSchema, sourceOf } from './source.ts'
import { createTokenBuckets, maxDelay } from './token-bucket.ts'

export const rateLimit = middlewareKind({
  schema: z.strictObject({
    average: count.default(0),
    period: durationMs.default(1000),
    burst: integer.default(1),
    sourceCriterion: sourceCriterionSchema.optional(),
    redis: redisSchema.optional(),
  }),
  create: (
    { average, period, burst: given, sourceCriterion, redis },
    { now, name, file, log, onDrained },
  ) => {
    if (average === 0) return next => next
    const source = sourceOf(sourceCriterion)
    const perSecond = average / ((period || 1000) / 1000)
    const burst = Math.max(given, 1)
    if (!redis) {
      const buckets = createTokenBuckets({ perSecond, burst })
      return next => exchange =>
        pass(exchange, buckets.take(source(exchange), now()), buckets.maxDelayMs, next)
    }
    const maxDelayMs = maxDelay(perSecond)
    const buckets = createRedisBuckets({ redis, name, file, perSecond, burst, maxDelayMs, log })
    onDrained(buckets.close)
    return next => async exchange => {
      let delayMs: number
      try {
        delayMs = await buckets.take(source(exchange))
      } catch (error) {
        log.error({ err: error, middleware: name, request_id: exchange.requestId }, 'rateLimit: no verdict')
        exchange.refusal = 'rate_limit_unavailable'
        return answerError(exchange, 500, 'Could not insert/update bucket')
      }
      return pass(exchange, delayMs, maxDelayMs, next)
    }
  },
})

/**
 * Who comes shortly before the next token takes it in advance. Traefik admits the same requests, but holds these back until
 * the token is there, and under a flood that is most of the admitted: nobody waits here.
 */
function pass(exchange: Exchange, delayMs: number, maxDelayMs: number, next: Handler): void | Promise<void> {
  return delayMs > maxDelayMs ? refuse(exchange, delayMs) : next(exchange)
}

function refuse(exchange: Exchange, delayMs: number): void {
  exchange.response.setHeader('retry-after', String(Math.ceil(delayMs / 1000)))
  exchange.response.setHeader('x-retry-in', goDuration(delayMs))
  exchange.refusal = 'rate_limit'
  answerPlain(exchange, 429)
}

/** Go's Duration.String: `592.5ms`, `1.2s`, `1m0.5s`. */
export function goDuration(ms: number): string {
  const trimmed = (value: number, digits: number) => String(Number(value.toFixed(digits)))
  if (ms < 1) return `${trimmed(ms * 1000, 3)}µs`
  if (ms < 1000) return `${trimmed(ms, 6)}ms`
  const minutes = Math.floor(ms / 60_000)
  const seconds = trimmed((ms - minutes * 60_000) / 1000, 9)
  if (minutes === 0) return `${seconds}s`
  return minutes < 60 ? `${minutes}m${seconds}s` : `${Math.floor(minutes / 60)}h${minutes % 60}m${seconds}s`
}
