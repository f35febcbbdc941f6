/**
 * buffering: a bound for request bodies; larger ones are 413 and never reach the service.
 * https://doc.traefik.io/traefik/middlewares/http/buffering/
 *
 *   body-limit: { buffering: { maxRequestBodyBytes: 1048576 } }
 *
 * Traefik reads every body whole before it goes on. Here a body whose length is announced streams on at once, since
 * node holds the client to that length; only a chunked one is read first. The service sees the same either way.
 */
import { z } from 'zod'
import { count } from '../configuration/values.ts'
import { answerPlain, type Exchange, type Handler } from '../request/exchange.ts'
import { announcedLength, BodyTooLarge, readBody, replay } from '../request/replay.ts'
import { middlewareKind } from './kind.ts'

export const buffering = middlewareKind({
  schema: z.strictObject({
    maxRequestBodyBytes: count.default(0),
    // From which size Traefik uses a temporary file; memory is bounded by maxRequestBodyBytes here.
    memRequestBodyBytes: count.default(1 << 20),
  }),
  create:
    ({ maxRequestBodyBytes: limit }) =>
    next =>
    exchange => {
      const length = announcedLength(exchange)
      if (limit === 0 || (length !== undefined && length <= limit)) return next(exchange)
      return length === undefined ? passChunked(exchange, limit, next) : tooLarge(exchange)
    },
})

async function passChunked(exchange: Exchange, limit: number, next: Handler): Promise<void> {
  if (exchange.expectsContinue) exchange.response.writeContinue()
  exchange.expectsContinue = false
  let body: Buffer
  try {
    body = await readBody(exchange.request, limit)
  } catch (error) {
    if (error instanceof BodyTooLarge) return tooLarge(exchange)
    throw error
  }
  delete exchange.headers['transfer-encoding']
  exchange.headers['content-length'] = String(body.length)
  exchange.request = replay(exchange, body)
  return next(exchange)
}

function tooLarge(exchange: Exchange): void {
  // What is still coming is not read: the connection ends with this answer.
  exchange.response.shouldKeepAlive = false
  answerPlain(exchange, 413, 'Request Entity Too Large')
}
