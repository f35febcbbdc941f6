/**
 * circuitBreaker: when the service does badly, spares it: nobody passes for `fallbackDuration`, then more and more
 * during `recoveryDuration`. https://doc.traefik.io/traefik/middlewares/http/circuitbreaker/
 *
 *   spare: { circuitBreaker: { expression: NetworkErrorRatio() > 0.30 } }
 */
import { z } from 'zod'
import { durationMs, integer, text } from '../configuration/values.ts'
import { answerPlain, type Exchange } from '../request/exchange.ts'
import { compileCircuit } from './circuit-expression.ts'
import { createRollingFigures } from './circuit-figures.ts'
import { middlewareKind } from './kind.ts'

type State =
  | { name: 'closed' }
  | { name: 'open' | 'recovering'; untilMs: number; allowed: number; refused: number }

export const circuitBreaker = middlewareKind({
  schema: z.strictObject({
    expression: text,
    checkPeriod: durationMs.default(100),
    fallbackDuration: durationMs.default(10_000),
    recoveryDuration: durationMs.default(10_000),
    responseCode: integer.default(503),
  }),
  create: (options, { now, log, name }) => {
    const trips = compileCircuit(options.expression)
    const figures = createRollingFigures(now)
    let state: State = { name: 'closed' }
    let checkedAtMs = Number.NEGATIVE_INFINITY

    const become = (next: State['name'], durationMs: number) => {
      state =
        next === 'closed'
          ? { name: next }
          : { name: next, untilMs: now() + durationMs, allowed: 0, refused: 0 }
      log.warn({ middleware: name, state: next }, `circuit breaker is ${next}`)
    }
    const check = () => {
      if (now() - checkedAtMs < options.checkPeriod) return
      checkedAtMs = now()
      if (state.name === 'open' || !trips(figures)) return
      figures.reset()
      become('open', options.fallbackDuration)
    }
    const admits = (): boolean => {
      if (state.name === 'open' && now() >= state.untilMs) {
        figures.reset()
        become('recovering', options.recoveryDuration)
      }
      if (state.name === 'recovering' && now() >= state.untilMs) become('closed', 0)
      if (state.name === 'closed') return true
      if (state.name === 'open') return false
      // Half of the share of the recovery that has passed, as Traefik lets them in.
      const share = 0.5 * (1 - (state.untilMs - now()) / options.recoveryDuration)
      const admit = (state.allowed + 1) / (state.allowed + state.refused + 1) <= share
      if (admit) state.allowed++
      else state.refused++
      return admit
    }
    const watch = (exchange: Exchange) => {
      const startedAtMs = now()
      exchange.response.onHead(({ status }) => {
        const networkError = status === 502 || status === 504
        figures.record({ status, networkError, ms: now() - startedAtMs })
        check()
      })
    }
    return next => exchange => {
      if (!admits()) {
        exchange.refusal = 'circuit_open'
        return answerPlain(exchange, options.responseCode)
      }
      watch(exchange)
      return next(exchange)
    }
  },
})
