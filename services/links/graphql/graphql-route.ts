/** POST /v1/links/graphql: Hasura's GraphQL, for whom the token says and in the role it may take. */
import { mayLoseDigits, parseExact } from '@glimmr/engine/exact-json'
import { identityOf } from '@glimmr/lib/auth'
import type { Metrics } from '@glimmr/lib/metrics'
import { problems } from '@glimmr/lib/problem-schema'
import { sendProblem } from '@glimmr/lib/problems'
import type { Server } from '@glimmr/lib/server'
import { inSpan } from '@glimmr/lib/telemetry'
import { whenClosed } from '@glimmr/lib/when-closed'
import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'
import type { Answerer, GraphqlAnswer } from './answerer.ts'
import { createOperationMetrics } from './operation-metrics.ts'
import { chosenRole, sessionVariables } from './session.ts'

const maxBytes = 256 * 1024

const request = z.object({
  query: z.string(),
  variables: z.record(z.string(), z.unknown()).nullish(),
  operationName: z.string().nullish(),
})
const answerSchema = z.object({
  data: z.unknown().optional(),
  errors: z
    .array(z.object({ message: z.string(), extensions: z.object({ code: z.string(), path: z.string() }) }))
    .optional(),
})

const schema = {
  operationId: 'graphql',
  summary: 'GraphQL over every published price',
  description:
    'One operation, or a list of them. Hasura v2: where, order_by, limit, offset, distinct_on, aggregates, introspection. Errors in its form, with status 200. X-Hasura-Role chooses another role of the key.',
  tags: ['graphql'],
  headers: z.object({ 'x-hasura-role': z.string().optional() }),
  response: {
    200: z.union([answerSchema, z.array(answerSchema)]).describe('What the engine answers, errors included'),
    ...problems(400, 413, 503),
  },
}

export type GraphqlOptions = { answerer: Answerer; metrics: Metrics }

export function routeGraphql(app: Server, { answerer, metrics }: GraphqlOptions): void {
  const observe = createOperationMetrics(metrics)
  const options = {
    // What is wrong in a request is for the engine to say, in Hasura's words: the body is documented, not checked.
    schema: { ...schema, body: z.union([request, z.array(request)]) },
    validatorCompiler: () => (value: unknown) => ({ value }),
    bodyLimit: maxBytes,
    config: { scope: 'links:read' },
    errorHandler: sendGraphqlError,
  }
  const answerGraphql = async (request: FastifyRequest, reply: FastifyReply) => {
    const identity = identityOf(request)
    const role = chosenRole(roleHeader(request), identity)
    if (role === undefined)
      return sendError(reply, 'access-denied', 'Your requested role is not in allowed roles')
    const begin = performance.now()
    const answer = await inSpan('graphql', { attributes: { 'glimmr.role': role } }, async span => {
      const answer = await answerer.answer({
        body: request.body,
        role,
        variables: sessionVariables(identity, role),
        authorization: String(request.headers.authorization ?? ''),
        signal: goneSignal(reply),
      })
      const { name, type } = operationOf(request.body, answer)
      span?.setAttributes({ 'graphql.operation.name': name, 'graphql.operation.type': type })
      return { ...answer, name, type }
    })
    const { name, type, status, body } = answer
    observe(
      { name, type, role, status: status < 400 && !failed(body) ? 'ok' : 'error' },
      (performance.now() - begin) / 1000,
    )
    return send(reply, status, body)
  }
  // A scope of its own: nobody else's bodies are read this way.
  app.register(async scope => {
    keepDigits(scope)
    scope.post('/v1/links/graphql', options, answerGraphql)
  })
}

/** A bigint or numeric among the variables keeps the digits that a double does not hold. */
function keepDigits(scope: Pick<Server, 'addContentTypeParser' | 'getDefaultJsonParser'>): void {
  const parse = scope.getDefaultJsonParser('error', 'error')
  scope.addContentTypeParser('application/json', { parseAs: 'string' }, (request, text: string, done) =>
    parse(request, text, (error, value) =>
      done(error, !error && mayLoseDigits(text) ? parseExact(text) : value),
    ),
  )
}

function roleHeader({ headers }: FastifyRequest): string | undefined {
  const wanted = headers['x-hasura-role']
  return Array.isArray(wanted) ? '' : wanted
}

/** Aborts when the client goes away before the answer is complete: its query is cancelled. */
function goneSignal(reply: FastifyReply): AbortSignal {
  const gone = new AbortController()
  whenClosed(reply, () => {
    if (!reply.raw.writableFinished) gone.abort(new Error('the client went away'))
  })
  return gone.signal
}

function operationOf(body: unknown, { operation }: GraphqlAnswer): { name: string; type: string } {
  if (Array.isArray(body)) return { name: 'batch', type: 'batch' }
  const asked =
    typeof body === 'object' && body !== null && 'operationName' in body ? body.operationName : undefined
  const name = operation?.name ?? (typeof asked === 'string' ? asked : '')
  return { name: name.slice(0, 100) || 'anonymous', type: operation?.type ?? 'unknown' }
}

/** Errors stand first in an answer of Hasura's and of the engine's. */
function failed(body: string): boolean {
  return /^\s*\{\s*"errors"/.test(body)
}

function sendGraphqlError(error: FastifyError, request: FastifyRequest, reply: FastifyReply) {
  if (error.code === 'FST_ERR_CTP_INVALID_JSON_BODY' || error.code === 'FST_ERR_CTP_EMPTY_JSON_BODY')
    return sendError(reply, 'invalid-json', 'the body is not JSON')
  return sendProblem(error, request, reply)
}

function sendError(reply: FastifyReply, code: string, message: string) {
  return send(reply, 200, JSON.stringify({ errors: [{ message, extensions: { path: '$', code } }] }))
}

function send(reply: FastifyReply, status: number, body: string) {
  return reply.code(status).type('application/json; charset=utf-8').serializer(String).send(body)
}
