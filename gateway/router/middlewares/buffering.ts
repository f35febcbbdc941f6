/**
 * buffering: bounds for the bodies of requests and answers, and another try where an answer tells of trouble.
 * https://doc.traefik.io/traefik/middlewares/http/buffering/
 *
 *   body-limit: { buffering: { maxRequestBodyBytes: 1048576 } }
 *   again: { buffering: { retryExpression: 'IsNetworkError() && Attempts() < 3' } }
 *
 * Traefik reads every body whole before it goes on. Here a body whose length is announced streams on at once, since
 * node holds the client to that length; only a chunked one is read first. The service sees the same either way, and so
 * does the client with answers.
 */
import { z } from 'zod'
import { count, text } from '../configuration/values.ts'
import { answerPlain, type Exchange, type Handler, resume } from '../request/exchange.ts'
import { copyHeaders } from '../request/headers.ts'
import { announcedLength, BodyTooLarge, readBody, replay } from '../request/replay.ts'
import { middlewareKind } from './kind.ts'
import { type Attempted, compileRetry } from './retry-expression.ts'

// Traefik's bounds, and one of ours: a larger body is not kept for another attempt.
const maxAttempts = 10
const maxKeptBytes = 16 * 2 ** 20

export const buffering = middlewareKind({
  schema: z.strictObject({
    maxRequestBodyBytes: count.default(0),
    maxResponseBodyBytes: count.default(0),
    // From which size Traefik uses a temporary file; memory is bounded by the other two here.
    memRequestBodyBytes: count.default(1 << 20),
    memResponseBodyBytes: count.default(1 << 20),
    retryExpression: text.default(''),
  }),
  create: ({ maxRequestBodyBytes: limit, maxResponseBodyBytes, retryExpression }) => {
    const again = retryExpression === '' ? undefined : compileRetry(retryExpression)
    return next => {
      const bounded = maxResponseBodyBytes > 0 ? boundAnswer(maxResponseBodyBytes, next) : next
      return exchange => {
        const length = announcedLength(exchange)
        if (limit > 0 && length !== undefined && length > limit) return tooLarge(exchange)
        // As in Traefik, a request without a body is never repeated.
        const kept = again && length !== 0 && !exchange.upgrade && (length ?? 0) <= maxKeptBytes
        if (!kept && (limit === 0 || length !== undefined)) return bounded(exchange)
        return passWhole(exchange, limit, bounded, kept ? again : undefined)
      }
    }
  },
})

async function passWhole(
  exchange: Exchange,
  limit: number,
  next: Handler,
  again: ((attempted: Attempted) => boolean) | undefined,
): Promise<void> {
  if (exchange.expectsContinue) exchange.response.writeContinue()
  exchange.expectsContinue = false
  let body: Buffer
  try {
    body = await readBody(exchange.request, limit === 0 ? maxKeptBytes : limit)
  } catch (error) {
    if (!(error instanceof BodyTooLarge)) throw error
    // Without a limit of its own it goes on as it is, once.
    return limit === 0 ? next(exchange) : tooLarge(exchange)
  }
  delete exchange.headers['transfer-encoding']
  exchange.headers['content-length'] = String(body.length)
  exchange.request = replay(exchange, body)
  return again && body.length > 0 ? attempts(exchange, body, next, again) : next(exchange)
}

function attempts(
  exchange: Exchange,
  body: Buffer,
  next: Handler,
  again: (attempted: Attempted) => boolean,
): void | Promise<void> {
  const { response, method, path, query, host } = exchange
  const headers = copyHeaders(exchange.headers)
  const hooks = response.hookCount
  const attempt = (number: number): Handler => {
    return () => {
      response.dropHooks(hooks)
      Object.assign(exchange, {
        path,
        query,
        host,
        headers: copyHeaders(headers),
        request: replay(exchange, body),
      })
      response.onHead(({ status }) => {
        if (number <= maxAttempts && again({ number, method, status }))
          response.hold(() => resume(attempt(number + 1), exchange))
      })
      return next(exchange)
    }
  }
  return attempt(1)(exchange)
}

function boundAnswer(limit: number, next: Handler): Handler {
  return exchange => {
    const { response } = exchange
    response.onHead(({ status, headers }) => {
      if (exchange.method === 'HEAD' || status === 204 || status === 304 || exchange.upgrade) return
      const refuse = () => response.hold(() => tooLarge(exchange, 'answer_too_large'))
      const announced = headers['content-length']
      if (announced !== undefined) {
        if (Number(announced) > limit) refuse()
        return
      }
      response.collect(limit + 1, body => {
        if (body.length > limit) refuse()
        else headers['content-length'] = body.length
      })
    })
    return next(exchange)
  }
}

function tooLarge(
  exchange: Exchange,
  reason: 'body_too_large' | 'answer_too_large' = 'body_too_large',
): void {
  // What is still coming is not read: the connection ends with this answer.
  exchange.response.shouldKeepAlive = false
  exchange.refusal = reason
  answerPlain(exchange, 413, 'Request Entity Too Large')
}
