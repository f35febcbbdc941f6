/**
 * addPrefix: puts a path before the request's. https://doc.traefik.io/traefik/middlewares/http/addprefix/
 *
 *   v1: { addPrefix: { prefix: /v1 } }      # /core/prices → /v1/core/prices
 */
import { z } from 'zod'
import { text } from '../configuration/values.ts'
import { middlewareKind } from './kind.ts'

export const addPrefix = middlewareKind({
  schema: z.strictObject({ prefix: text.pipe(z.string().min(1, 'must not be empty')) }),
  create:
    ({ prefix }) =>
    next =>
    exchange => {
      exchange.path = withSlash(prefix + exchange.path)
      return next(exchange)
    },
})

export function withSlash(path: string): string {
  return path === '' || path.startsWith('/') ? path : `/${path}`
}
