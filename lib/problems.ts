/** Where every error of a service becomes an answer. */
import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify'
import type { $ZodType } from 'zod/v4/core'
import { Problem, type ProblemField, problem, problemDocument, problemType } from './errors.ts'
import { type Fault, parsePlainly } from './plain-faults.ts'

/** A request that its schema does not take; Fastify adds which part of it. */
class InvalidRequest extends Error {
  readonly faults: Fault[]
  validationContext?: string

  constructor(faults: Fault[]) {
    super('the request is not valid')
    this.faults = faults
  }
}

/** The validator of every service. */
export function refuseInvalid({ schema }: { schema: $ZodType }) {
  return (part: unknown) => {
    const { faults, value } = parsePlainly(schema, part)
    return faults ? { error: new InvalidRequest(faults) } : { value }
  }
}

export function sendProblem(
  error: FastifyError | Problem,
  request: FastifyRequest,
  reply: FastifyReply,
): FastifyReply {
  const shown = shownProblem(error, request)
  // Nobody hears the answer: what failed is that the work was given up. The status is nginx's, for logs and metrics.
  if (reply.raw.destroyed) return reply.code(499).send()
  if (shown.status >= 500) {
    // What a route refuses in so many words, such as one export too many, is no fault.
    const level = error instanceof Problem && error.cause === undefined ? 'warn' : 'error'
    request.log[level]({ err: error, trace_id: request.traceId }, 'request failed')
  }
  const instance = request.url.split('?', 1)[0] ?? ''
  const document = problemDocument(shown, { instance, requestId: request.id, traceId: request.traceId })
  return reply
    .code(shown.status)
    .headers(shown.headers)
    .type(problemType)
    .serializer(JSON.stringify)
    .send(document)
}

/** The answer to a request without a route: 405 where its path has other methods, 404 otherwise. */
export function sendNoRoute(request: FastifyRequest, reply: FastifyReply, methods: string[]): FastifyReply {
  const path = request.url.split('?', 1)[0]
  const refusal = methods.length
    ? problem(405, `${path} takes ${methods.join(', ')}, not ${request.method}`, {
        headers: { allow: methods.join(', ') },
      })
    : problem(404, `There is no ${request.method} ${path}`)
  return sendProblem(refusal, request, reply)
}

function shownProblem(error: FastifyError | Problem, { headers }: FastifyRequest): Problem {
  if (error instanceof Problem) return error
  if (error instanceof InvalidRequest) return invalidRequest(error)
  if (isDatabaseAway(error))
    return problem(503, 'The database does not answer; try again in a moment', {
      headers: { 'retry-after': '5' },
    })
  // A route that knows which of its parameters makes less work says so itself.
  if (isTimeout(error))
    return problem(503, 'This takes the database too long: ask for less at once, or try again later')
  const { statusCode, code } = error
  if (code === 'FST_ERR_CTP_INVALID_MEDIA_TYPE')
    return problem(
      415,
      `This takes application/json, not ${headers['content-type'] ?? 'a body without a type'}: send JSON, with the header content-type: application/json`,
    )
  if (code === 'FST_ERR_MAX_PARAM_LENGTH')
    return problem(414, 'A part of the path is longer than any that is known here')
  // Fastify's own refusals: a body too large, a wrong media type, JSON that does not parse.
  if (statusCode && statusCode >= 400 && statusCode < 500) return problem(statusCode, error.message)
  return problem(500, 'Something went wrong here; the request id finds it in the logs')
}

const places: Record<string, string> = {
  querystring: 'query',
  params: 'path',
  headers: 'header',
  body: 'body',
}

function invalidRequest({ faults, validationContext }: InvalidRequest): Problem {
  const place = places[validationContext ?? ''] ?? 'request'
  const errors: ProblemField[] = faults.map(({ path, message }) => ({
    path: place === 'body' ? `/${path.join('/')}` : path.join('/'),
    message,
  }))
  const [first] = errors
  const detail = `The ${place} is not valid: ${first?.path.replace(/^\/?$/, 'it')} ${first?.message}`
  return problem(400, errors.length > 1 ? `${detail} (and ${errors.length - 1} more)` : detail, { errors })
}

/** Of a statement: `statement_timeout`, or somebody cancelled it. */
export function isTimeout(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === '57014'
}

// Connection exceptions, shutting down, starting up, too many connections; and sockets that do not open.
const away = new Set([
  '57P01',
  '57P02',
  '57P03',
  '53300',
  'ECONNREFUSED',
  'ECONNRESET',
  'ENOENT',
  'EPIPE',
  'ETIMEDOUT',
])

function isDatabaseAway(error: { code?: string; message?: string; syscall?: string }): boolean {
  if (error.code?.startsWith('08')) return true
  if (error.code === 'ENOENT' && error.syscall !== 'connect') return false
  return (
    away.has(error.code ?? '') ||
    /Connection terminated|timeout exceeded when trying to connect/.test(error.message ?? '')
  )
}
