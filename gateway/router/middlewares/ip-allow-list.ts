/**
 * ipAllowList: only these addresses. https://doc.traefik.io/traefik/middlewares/http/ipallowlist/
 *
 *   office: { ipAllowList: { sourceRange: [10.0.0.0/8, '::1'] } }
 */
import { STATUS_CODES } from 'node:http'
import { z } from 'zod'
import { integer, texts } from '../configuration/values.ts'
import { addressTest } from '../request/addresses.ts'
import { answerPlain } from '../request/exchange.ts'
import { middlewareKind } from './kind.ts'
import { addressBy, ipStrategySchema } from './source.ts'

export const ipAllowList = middlewareKind({
  schema: z.strictObject({
    sourceRange: texts.min(1, 'give at least one address or network'),
    ipStrategy: ipStrategySchema.optional(),
    rejectStatusCode: integer.refine(status => status in STATUS_CODES, 'is no HTTP status').default(403),
  }),
  create: ({ sourceRange, ipStrategy, rejectStatusCode }) => {
    const allowed = addressTest(sourceRange)
    const address = addressBy(ipStrategy)
    return next => exchange => {
      if (allowed(address(exchange))) return next(exchange)
      exchange.refusal = 'address_not_allowed'
      answerPlain(exchange, rejectStatusCode)
    }
  },
})
