/**
 * redirectRegex: another address, made of pieces of the old one.
 * https://doc.traefik.io/traefik/middlewares/http/redirectregex/
 *
 *   moved: { redirectRegex: { regex: '^http://old\.example/(.*)', replacement: 'https://new.example/$1' } }
 */
import { z } from 'zod'
import { flag, text } from '../configuration/values.ts'
import { goRegExp, replaceAll } from '../rules/go-regexp.ts'
import { middlewareKind } from './kind.ts'
import { redirect } from './redirect.ts'

export const redirectRegex = middlewareKind({
  schema: z.strictObject({ regex: text, replacement: text.default(''), permanent: flag.default(false) }),
  create: ({ regex, replacement, permanent }) => {
    const expression = goRegExp(regex)
    return next => exchange => {
      const before = `${exchange.secure ? 'https' : 'http'}://${exchange.host}${exchange.path}${exchange.sentQuery}`
      if (!expression.test(before)) return next(exchange)
      const after = replaceAll(before, expression, replacement)
      return after === before ? next(exchange) : redirect(exchange, after, permanent)
    }
  },
})
