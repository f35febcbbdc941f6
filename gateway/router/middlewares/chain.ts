/**
 * chain: several middlewares under one name. https://doc.traefik.io/traefik/middlewares/http/chain/
 *
 *   api: { chain: { middlewares: [cors, api-auth] } }
 */
import { z } from 'zod'
import { texts } from '../configuration/values.ts'
import { middlewareKind } from './kind.ts'

export const chain = middlewareKind({
  schema: z.strictObject({ middlewares: texts.min(1, 'name at least one middleware') }),
  create: ({ middlewares }, context) => {
    const steps = middlewares.map(context.middleware)
    return next => steps.reduceRight((inner, step) => step(inner), next)
  },
})
