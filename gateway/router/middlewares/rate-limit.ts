/**
 * rateLimit: so many requests a period from each source, with bursts; beyond it 429 with Retry-After and X-Retry-In.
 * https://doc.traefik.io/traefik/middlewares/http/ratelimit/
 *
 *   core-limit:
 *     rateLimit: { average: 100, period: 1m, burst: 100, sourceCriterion: { requestHeaderName: X-Auth-Subject } }
 */
import { z } from 'zod'
import { count, durationMs, integer } from '../configuration/values.ts'
import { answerPlain, type Exchange } from '../request/exchange.ts'
import { middlewareKind } from './kind.ts'
import { sourceCriterionSchema, sourceOf } from './source.ts'
import { createTokenBuckets } from './token-bucket.ts'

export const rateLimit = middlewareKind({
  schema: z.strictObject({
    average: count.default(0),
    period: durationMs.default(1000),
    burst: integer.default(1),
    sourceCriterion: sourceCriterionSchema.optional(),
  }),
  create: ({ average, period, burst, sourceCriterion }, { now }) => {
    const source = sourceOf(sourceCriterion)
    const periodMs = period === 0 ? 1000 : period
    const buckets = createTokenBuckets({
      perSecond: average === 0 ? Number.POSITIVE_INFINITY : average / (periodMs / 1000),
      burst: Math.max(burst, 1),
    })
    return next => exchange => {
      const delayMs = buckets.take(source(exchange), now())
      if (delayMs === 0) return next(exchange)
      if (delayMs > buckets.maxDelayMs) return refuse(exchange, delayMs)
      return new Promise<void>((resolve, reject) => {
        const timer = setTimeout(() => Promise.resolve(next(exchange)).then(resolve, reject), delayMs)
        // Who has gone away while waiting is not served.
        exchange.response.once('close', () => {
          clearTimeout(timer)
          resolve()
        })
      })
    }
  },
})

function refuse(exchange: Exchange, delayMs: number): void {
  exchange.response.setHeader('retry-after', String(Math.ceil(delayMs / 1000)))
  exchange.response.setHeader('x-retry-in', goDuration(delayMs))
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
