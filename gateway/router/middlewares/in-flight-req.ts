/**
 * inFlightReq: so many requests of a source at the same time; beyond it 429.
 * https://doc.traefik.io/traefik/middlewares/http/inflightreq/
 *
 *   few: { inFlightReq: { amount: 10, sourceCriterion: { requestHeaderName: X-Auth-Subject } } }
 */
import { z } from 'zod'
import { count } from '../configuration/values.ts'
import { answerPlain } from '../request/exchange.ts'
import { middlewareKind } from './kind.ts'
import { sourceCriterionSchema, sourceOf } from './source.ts'

export const inFlightReq = middlewareKind({
  schema: z.strictObject({ amount: count.default(0), sourceCriterion: sourceCriterionSchema.optional() }),
  create: ({ amount, sourceCriterion }) => {
    const source = sourceOf(sourceCriterion, ({ host }) => host)
    const running = new Map<string, number>()
    return next => exchange => {
      // Its client went away while something further out waited: nothing would tell of its end any more.
      if (exchange.response.destroyed) return
      const key = source(exchange)
      const others = running.get(key) ?? 0
      if (others >= amount) {
        exchange.refusal = 'in_flight_limit'
        return answerPlain(exchange, 429, `max connections reached: ${amount}`)
      }
      running.set(key, others + 1)
      exchange.response.once('close', () => {
        const left = (running.get(key) ?? 1) - 1
        if (left > 0) running.set(key, left)
        else running.delete(key)
      })
      return next(exchange)
    }
  },
})
