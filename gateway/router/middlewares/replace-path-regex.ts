/**
 * replacePathRegex: rewrites the path. https://doc.traefik.io/traefik/middlewares/http/replacepathregex/
 *
 *   old: { replacePathRegex: { regex: '^/api/(.*)', replacement: '/v1/core/$1' } }
 */
import { z } from 'zod'
import { text } from '../configuration/values.ts'
import { refusePath } from '../request/exchange.ts'
import { addHeader } from '../request/headers.ts'
import { cleanPath, decodePath, escapePath } from '../request/path.ts'
import { goRegExp, replaceAll } from '../rules/go-regexp.ts'
import { middlewareKind } from './kind.ts'

export const replacePathRegex = middlewareKind({
  schema: z.strictObject({ regex: text, replacement: text.default('') }),
  create: ({ regex, replacement }) => {
    const expression = goRegExp(regex.trim())
    return next => exchange => {
      if (!expression.test(exchange.path)) return next(exchange)
      addHeader(exchange.headers, 'x-replaced-path', exchange.path)
      const path = replaceAll(exchange.path, expression, replacement.trim())
      if (/%(?![0-9a-fA-F]{2})/.test(path)) return refusePath(exchange, 500, 'invalid URL escape')
      if (path !== '' && decodePath(cleanPath(path)) !== decodePath(path)) return refusePath(exchange, 400)
      exchange.path = escapePath(path) || '/'
      return next(exchange)
    }
  },
})
