/**
 * replacePath: another path, the old one in X-Replaced-Path. https://doc.traefik.io/traefik/middlewares/http/replacepath/
 *
 *   not-found: { replacePath: { path: /problems/404 } }
 */
import { z } from 'zod'
import { text } from '../configuration/values.ts'
import { addHeader } from '../request/headers.ts'
import { escapePath } from '../request/path.ts'
import { middlewareKind } from './kind.ts'

export const replacePath = middlewareKind({
  schema: z.strictObject({ path: text }),
  create: ({ path }) => {
    if (/%(?![0-9a-fA-F]{2})/.test(path)) throw new Error(`"${path}" has a broken escape`)
    const escaped = escapePath(path) || '/'
    return next => exchange => {
      addHeader(exchange.headers, 'x-replaced-path', exchange.path)
      exchange.path = escaped
      return next(exchange)
    }
  },
})
