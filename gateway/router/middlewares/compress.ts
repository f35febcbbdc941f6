/**
 * compress: gzip, Brotli or Zstandard for answers of 1 KiB and more. https://doc.traefik.io/traefik/middlewares/http/compress/
 *
 *   squeeze: { compress: { excludedContentTypes: [text/event-stream] } }
 *
 * An answer of unknown length is compressed from its first byte and flushed after every piece, as Traefik does.
 */
import { constants, createBrotliCompress, createGzip, createZstdCompress } from 'node:zlib'
import { z } from 'zod'
import { count, texts } from '../configuration/values.ts'
import { firstValue, valuesOf } from '../request/headers.ts'
import type { Head } from '../request/response.ts'
import { chooseEncoding, type Encoding } from './accept-encoding.ts'
import { middlewareKind } from './kind.ts'

const encoding = z.enum(['gzip', 'br', 'zstd'])

const schema = z
  .strictObject({
    excludedContentTypes: texts.default([]),
    includedContentTypes: texts.default([]),
    minResponseBodyBytes: count.default(1024),
    encodings: z.array(encoding).min(1).default(['gzip', 'br', 'zstd']),
    defaultEncoding: encoding.optional(),
  })
  .refine(
    options => options.excludedContentTypes.length === 0 || options.includedContentTypes.length === 0,
    'excludedContentTypes and includedContentTypes exclude each other',
  )
  .refine(
    ({ defaultEncoding, encodings }) => defaultEncoding === undefined || encodings.includes(defaultEncoding),
    'defaultEncoding must be one of encodings',
  )

export const compress = middlewareKind({
  schema: schema.nullable(),
  create: given => {
    const options = given ?? schema.parse({})
    const excluded = ['application/grpc', ...options.excludedContentTypes].map(mediaType)
    const included = options.includedContentTypes.map(mediaType)
    const fits = (head: Head) => {
      const type = mediaType(String(head.headers['content-type'] ?? ''))
      return !excluded.includes(type) && (included.length === 0 || type === '' || included.includes(type))
    }
    const longEnough = ({ headers }: Head) => {
      const length = headers['content-length']
      return length === undefined || Number(length) >= (options.minResponseBodyBytes || 1024)
    }
    return next => exchange => {
      const { headers, method, response } = exchange
      if (headers['accept-encoding'] === undefined && !options.defaultEncoding) return next(exchange)
      if (method === 'HEAD' || excluded.includes(mediaType(firstValue(headers, 'content-type'))))
        return next(exchange)
      const chosen = chooseEncoding(
        valuesOf(headers, 'accept-encoding'),
        options.encodings,
        options.defaultEncoding,
      )
      if (!chosen) return next(exchange)
      response.onHead(head => {
        addVary(head)
        if (
          !hasBody(head) ||
          head.headers['content-encoding'] !== undefined ||
          !fits(head) ||
          !longEnough(head)
        )
          return
        const whole = head.headers['content-length'] !== undefined
        delete head.headers['content-length']
        delete head.headers['accept-ranges']
        head.headers['content-encoding'] = chosen
        response.transform(compressor(chosen), !whole)
      })
      return next(exchange)
    }
  },
})

// Middle settings: Brotli's own default of 11 is for files compressed once.
function compressor(chosen: Encoding) {
  if (chosen === 'gzip') return createGzip({ level: 6 })
  if (chosen === 'zstd') return createZstdCompress({ params: { [constants.ZSTD_c_compressionLevel]: 3 } })
  return createBrotliCompress({ params: { [constants.BROTLI_PARAM_QUALITY]: 4 } })
}

function hasBody({ status }: Head): boolean {
  return status >= 200 && status !== 204 && status !== 205 && status !== 206 && status !== 304
}

function addVary({ headers }: Head): void {
  const before = headers.vary === undefined ? [] : [headers.vary].flat().map(String)
  if (!before.some(line => /(?:^|,)\s*(?:accept-encoding|\*)\s*(?:,|$)/i.test(line)))
    headers.vary = [...before, 'Accept-Encoding'].join(', ')
}

function mediaType(value: string): string {
  return (value.split(';')[0] ?? '').trim().toLowerCase()
}
