/**
 * redirectScheme and redirectRegex: another address for the client.
 * https://doc.traefik.io/traefik/middlewares/http/redirectscheme/
 * https://doc.traefik.io/traefik/middlewares/http/redirectregex/
 *
 *   https-only: { redirectScheme: { scheme: https, permanent: true } }
 *   moved: { redirectRegex: { regex: '^http://old\.example/(.*)', replacement: 'https://new.example/$1' } }
 */
import { STATUS_CODES } from 'node:http'
import { z } from 'zod'
import { flag, text } from '../configuration/values.ts'
import type { Exchange, Middleware } from '../request/exchange.ts'
import { firstValue } from '../request/headers.ts'
import { goRegExp, replaceAll } from '../rules/go-regexp.ts'
import { middlewareKind } from './kind.ts'

type SchemeOptions = { scheme: string; port: string; permanent: boolean }

export const redirectScheme = middlewareKind({
  schema: z.strictObject({
    scheme: text.pipe(z.string().min(1, 'must not be empty')),
    port: text.default(''),
    permanent: flag.default(false),
  }),
  create: options => redirectTo(options),
})

/** Also what an entry point's `redirections` does. */
export function redirectTo({ scheme, port, permanent }: SchemeOptions): Middleware {
  const wellKnown =
    port === '' || (port === '80' && scheme === 'http') || (port === '443' && scheme === 'https')
  return next => exchange => {
    const before = clientUrl(exchange)
    const after = before.replace(
      /^https?:\/\/(\[[\w:.]+\]|[\w._-]+)?(?::\d+)?(.*)$/,
      (_, name: string | undefined, rest: string) =>
        `${scheme}://${name ?? ''}${wellKnown ? '' : `:${port}`}${rest}`,
    )
    return after === before ? next(exchange) : redirect(exchange, after, permanent)
  }
}

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

/** What the client typed, as far as the router can know: a proxy in front says it in X-Forwarded-Proto. */
function clientUrl(exchange: Exchange): string {
  const said = firstValue(exchange.headers, 'x-forwarded-proto').toLowerCase()
  const secure = /^(?:https|wss)$/.test(said) || (exchange.secure && !/^(?:http|ws)$/.test(said))
  const host = exchange.host.replace(secure ? /:443$/ : /:80$/, '')
  return `${secure ? 'https' : 'http'}://${host}${exchange.path}${exchange.sentQuery}`
}

function redirect({ response, method }: Exchange, location: string, permanent: boolean): void {
  const status = permanent ? (method === 'GET' ? 301 : 308) : method === 'GET' ? 302 : 307
  response.statusCode = status
  response.setHeader('location', location)
  response.end(STATUS_CODES[status])
}
