/**
 * stripPrefix: takes the first prefix that fits off the path and says so in X-Forwarded-Prefix.
 * https://doc.traefik.io/traefik/middlewares/http/stripprefix/
 *
 *   bare: { stripPrefix: { prefixes: [/v1] } }      # /v1/core/prices → /core/prices
 */
import { z } from 'zod'
import { flag, texts } from '../configuration/values.ts'
import { type Exchange, refusePath } from '../request/exchange.ts'
import { addHeader } from '../request/headers.ts'
import { cleanPath, decodePath, encodePath } from '../request/path.ts'
import { withSlash } from './add-prefix.ts'
import { middlewareKind } from './kind.ts'

export const stripPrefix = middlewareKind({
  schema: z.strictObject({
    prefixes: texts.min(1, 'give at least one prefix'),
    forceSlash: flag.default(false),
  }),
  create: ({ prefixes, forceSlash }) => {
    const wanted = prefixes.map(prefix => prefix.trim())
    return next => exchange => {
      const decoded = decodePath(exchange.path)
      const prefix = wanted.find(candidate => decoded.startsWith(candidate))
      if (prefix === undefined) return next(exchange)
      if (!strip(exchange, prefix, forceSlash)) return refusePath(exchange, 400)
      addHeader(exchange.headers, 'x-forwarded-prefix', prefix)
      return next(exchange)
    }
  },
})

/** False when what is left is not the path it seems: `/v1` off `/v1/../admin`. `prefix` is decoded. */
export function strip(exchange: Exchange, prefix: string, forceSlash = false): boolean {
  const rest = exchange.path.slice(encodedLength(exchange.path, prefix.length))
  const led = (text: string) => (forceSlash ? `/${text.replace(/^\//, '')}` : withSlash(text))
  // What is left may begin with an encoded slash: then the decoded path has its slash already, and is the one that counts.
  const decoded = led(decodePath(rest))
  const path = decodePath(led(rest)) === decoded ? led(rest) : encodePath(decoded)
  if (path !== '' && decodePath(cleanPath(path)) !== decodePath(path)) return false
  exchange.path = path === '' ? '/' : path
  return true
}

/** How many characters of `path` make up `decoded` of its decoded characters. */
function encodedLength(path: string, decoded: number): number {
  let position = 0
  for (let seen = 0; seen < decoded && position < path.length; seen++)
    position += path[position] === '%' ? 3 : 1
  return position
}
