/**
 * errors: for these statuses another service makes the answer; its body and headers, the first status.
 * https://doc.traefik.io/traefik/middlewares/http/errorpages/
 *
 *   problems: { errors: { status: ['429', '502-504'], service: auth, query: '/problems/{status}' } }
 */
import { z } from 'zod'
import { integer, statusRanges, text, texts } from '../configuration/values.ts'
import { type Exchange, requestUri, resume } from '../request/exchange.ts'
import { copyHeaders, emptyHeaders, type RequestHeaders } from '../request/headers.ts'
import { replay } from '../request/replay.ts'
import { middlewareKind } from './kind.ts'

const schema = z.strictObject({
  status: statusRanges,
  statusRewrites: z.record(z.string(), integer).default({}),
  service: text,
  query: text.default(''),
  errorRequestHeaders: texts.optional(),
})

type Options = z.infer<typeof schema>

export const errors = middlewareKind({
  schema,
  create: (options, { service }) => {
    const page = service(options.service)
    const rewrites = Object.entries(options.statusRewrites).map(
      ([range, status]) => [statusRanges.parse([range]), status] as const,
    )
    return next => exchange => {
      exchange.response.onHead(head => {
        if (!options.status(head.status)) return
        const original = head.status
        const status = rewrites.find(([test]) => test(original))?.[1] ?? original
        exchange.response.hold(() => {
          exchange.response.onHead(pageHead => {
            pageHead.status = status
          })
          resume(page, pageRequest(exchange, options, status, original))
        })
      })
      return next(exchange)
    }
  },
})

/** A GET for the page, by default with the headers of the request that failed. */
function pageRequest(exchange: Exchange, options: Options, status: number, original: number): Exchange {
  const url = `${exchange.secure ? 'https' : 'http'}://${exchange.host}${requestUri(exchange)}`
  const target = `/${options.query.replace(/^\//, '')}`
    .replaceAll('{status}', String(status))
    .replaceAll('{originalStatus}', String(original))
    .replaceAll('{url}', encodeURIComponent(url).replaceAll('%20', '+'))
  const mark = target.indexOf('?')
  const asGet = {
    ...exchange,
    method: 'GET',
    upgrade: undefined,
    failed: undefined,
    appendForwardedFor: false,
  }
  return {
    ...asGet,
    request: replay(asGet, undefined),
    path: mark === -1 ? target : target.slice(0, mark),
    query: mark === -1 ? '' : target.slice(mark),
    headers: pageHeaders(exchange.headers, options.errorRequestHeaders),
  }
}

function pageHeaders(headers: RequestHeaders, wanted: readonly string[] | undefined): RequestHeaders {
  const given = wanted ? emptyHeaders() : copyHeaders(headers)
  for (const name of wanted ?? []) {
    const value = headers[name.toLowerCase()]
    if (value !== undefined) given[name.toLowerCase()] = value
  }
  // The page is asked for without the body that these describe.
  for (const name of ['content-length', 'transfer-encoding', 'expect']) delete given[name]
  return given
}
