/**
 * contentType: an answer that says no type gets the one that its first bytes look like; without this middleware such an
 * answer passes as it is. https://doc.traefik.io/traefik/middlewares/http/contenttype/
 *
 *   typed: { contentType: {} }
 */
import { z } from 'zod'
import { flag } from '../configuration/values.ts'
import { middlewareKind } from './kind.ts'
import { sniffContentType } from './sniff-content-type.ts'

export const contentType = middlewareKind({
  // autoDetect is of Traefik 2: false switches the middleware off.
  schema: z.strictObject({ autoDetect: flag.default(true) }).nullable(),
  create: options => {
    if (options?.autoDetect === false) return next => next
    return next => exchange => {
      const { response } = exchange
      response.onHead(({ headers }) => {
        if (headers['content-type'] !== undefined || headers['content-encoding'] !== undefined) return
        // The head of a stream leaves before its body is there, in Traefik as well.
        if (headers['content-length'] === undefined) return
        response.collect(1, body => {
          if (body.length > 0) headers['content-type'] = sniffContentType(body)
        })
      })
      return next(exchange)
    }
  },
})
