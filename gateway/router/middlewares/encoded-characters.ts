/**
 * encodedCharacters: refuses paths with encoded characters that a service may read as something else, `%2F` as a slash.
 * https://doc.traefik.io/traefik/security/request-path/
 *
 *   plain-paths: { encodedCharacters: { allowEncodedSlash: false } }      # /v1%2Fcore → 400
 *
 * The same options stand under `entryPoints.*.http.encodedCharacters`, where they hold for every router.
 */
import { z } from 'zod'
import { flag } from '../configuration/values.ts'
import { answerEmpty, type Middleware } from '../request/exchange.ts'
import { middlewareKind } from './kind.ts'

const codes = {
  allowEncodedSlash: '%2F',
  allowEncodedBackSlash: '%5C',
  allowEncodedNullCharacter: '%00',
  allowEncodedSemicolon: '%3B',
  allowEncodedPercent: '%25',
  allowEncodedQuestionMark: '%3F',
  allowEncodedHash: '%23',
} as const

type Allowed = Record<keyof typeof codes, boolean>

/** As an entry point or a middleware refuses: 400 without a body. */
export function denyEncoded(allowed: Allowed): Middleware {
  const denied = Object.entries(codes).flatMap(([option, code]) =>
    allowed[option as keyof Allowed] ? [] : [code],
  )
  if (denied.length === 0) return next => next
  const pattern = new RegExp(denied.join('|'), 'i')
  return next => exchange => {
    if (!exchange.path.includes('%') || !pattern.test(exchange.path)) return next(exchange)
    exchange.refusal = 'encoded_character'
    answerEmpty(exchange, 400)
  }
}

export const encodedCharacters = middlewareKind({
  schema: z.strictObject({
    allowEncodedSlash: flag.default(false),
    allowEncodedBackSlash: flag.default(false),
    allowEncodedNullCharacter: flag.default(false),
    allowEncodedSemicolon: flag.default(false),
    allowEncodedPercent: flag.default(false),
    allowEncodedQuestionMark: flag.default(false),
    allowEncodedHash: flag.default(false),
  }),
  create: denyEncoded,
})
