/**
 * redirectScheme: the same address by another scheme. https://doc.traefik.io/traefik/middlewares/http/redirectscheme/
 *
 *   https-only: { redirectScheme: { scheme: https, permanent: true } }
 */
import { z } from 'zod'
import { flag, text } from '../configuration/values.ts'
import type { Exchange, Middleware } from '../request/exchange.ts'
import { firstValue } from '../request/headers.ts'
import { middlewareKind } from './kind.ts'
import { redirect } from './redirect.ts'

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

/** What the client typed, as far as the router can know: a proxy in front says it in X-Forwarded-Proto. */
function clientUrl(exchange: Exchange): string {
  const said = firstValue(exchange.headers, 'x-forwarded-proto').toLowerCase()
  const secure = /^(?:https|wss)$/.test(said) || (exchange.secure && !/^(?:http|ws)$/.test(said))
  const host = exchange.host.replace(secure ? /:443$/ : /:80$/, '')
  return `${secure ? 'https' : 'http'}://${host}${exchange.path}${exchange.sentQuery}`
}
