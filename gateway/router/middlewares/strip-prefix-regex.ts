/**
 * stripPrefixRegex: as stripPrefix, for a prefix that is a pattern.
 * https://doc.traefik.io/traefik/middlewares/http/stripprefixregex/
 *
 *   bare: { stripPrefixRegex: { regex: ['^/v[0-9]+'] } }      # /v2/core → /core
 */
import { z } from 'zod'
import { texts } from '../configuration/values.ts'
import { refusePath } from '../request/exchange.ts'
import { addHeader } from '../request/headers.ts'
import { decodePath } from '../request/path.ts'
import { goRegExp } from '../rules/go-regexp.ts'
import { middlewareKind } from './kind.ts'
import { strip } from './strip-prefix.ts'

export const stripPrefixRegex = middlewareKind({
  schema: z.strictObject({ regex: texts.min(1, 'give at least one expression') }),
  create: ({ regex }) => {
    const expressions = regex.map(source => goRegExp(source.trim()))
    return next => exchange => {
      const decoded = decodePath(exchange.path)
      for (const expression of expressions) {
        const prefix = expression.exec(decoded)?.[0]
        if (!prefix || !decoded.startsWith(prefix)) continue
        addHeader(exchange.headers, 'x-forwarded-prefix', prefix)
        if (!strip(exchange, prefix)) return refusePath(exchange, 400)
        break
      }
      return next(exchange)
    }
  },
})
