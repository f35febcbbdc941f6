/** The Fastify server that every service is built on: zod, OpenAPI 3.1, problems, health, metrics, logs, spans. */
import { randomUUID } from 'node:crypto'
import swagger from '@fastify/swagger'
import fastify, {
  type FastifyBaseLogger,
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
  LogController,
} from 'fastify'
import { jsonSchemaTransform, serializerCompiler, type ZodTypeProvider } from 'fastify-type-provider-zod'
import { type JwksSource, registerAuth } from './auth.ts'
import { serveHealth } from './health.ts'
import { createMetrics, type Metrics, serveMetrics } from './metrics.ts'
import { completeDocument, servers } from './openapi-components.ts'
import { refuseInvalid, sendNoRoute, sendProblem } from './problems.ts'
import { createRequestLines } from './request-lines.ts'
import { traceRequests } from './request-spans.ts'
import { rememberMethods } from './route-methods.ts'

export type Server = FastifyInstance<
  import('node:http').Server,
  import('node:http').IncomingMessage,
  import('node:http').ServerResponse,
  FastifyBaseLogger,
  ZodTypeProvider
>

export type ServerOptions = {
  /** core, media, links, …: the segment after /v1/. */
  name: string
  description: string
  log: FastifyBaseLogger
  /** Verifies callers; without it every route must be public. */
  jwks?: JwksSource
  /** What a caller needs for routes whose `config.scope` names nothing else. */
  scope?: string
  /** Rejects while the service cannot do its work (database away, worker stopped). */
  ready?: () => Promise<void>
  bodyLimitBytes?: number
}

export type BuiltServer = { app: Server; metrics: Metrics }

export async function createServer(options: ServerOptions): Promise<BuiltServer> {
  const { name, log, jwks, scope, ready = async () => {}, bodyLimitBytes = 1_048_576 } = options
  const serviceLog = log.child({ service: name })
  const app: Server = fastify({
    loggerInstance: serviceLog,
    logController: new LogController({ disableRequestLogging: true, requestIdLogLabel: 'request_id' }),
    bodyLimit: bodyLimitBytes,
    requestTimeout: 30_000,
    routerOptions: { maxParamLength: 200 },
    // What the router refuses before there is a route: a path that does not decode, or a part of it that is too long.
    frameworkErrors: sendProblem,
    requestIdHeader: false,
    genReqId: request => requestId(request.headers['x-request-id']),
    return503OnClosing: true,
    forceCloseConnections: 'idle',
  }).withTypeProvider<ZodTypeProvider>()
  app.setValidatorCompiler(refuseInvalid)
  app.setSerializerCompiler(serializerCompiler)
  app.setErrorHandler(sendProblem)
  // Fastify reads it by itself; here every body is JSON, or a form.
  app.removeContentTypeParser('text/plain')
  const methodsOf = rememberMethods(app)
  app.setNotFoundHandler((request, reply) => sendNoRoute(request, reply, methodsOf(pathOf(request))))
  // Hooks that every request passes are not async: each would cost a promise and a turn of its queue.
  app.addHook('onRequest', (request, reply, done) => {
    reply.header('x-request-id', request.id)
    done()
  })
  traceRequests(app)
  logRequests(app, serviceLog)
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: `Glimmr ${name}`,
        description: options.description,
        version: '1',
        license: { name: 'MIT', identifier: 'MIT' },
      },
      servers,
      components: {
        securitySchemes: {
          key: {
            type: 'http',
            scheme: 'bearer',
            description:
              'An API key (glm_…), a token from POST /v1/core/tokens, or one of an issuer that this installation takes. An API ' +
              'key may stand in the header `X-API-Key` instead. A user ' +
              'of several organisations whose token names none says for which one the request is: `X-Organisation: <id>`.',
          },
        },
      },
      security: [{ key: [] }],
    },
    transform: jsonSchemaTransform,
    transformObject: completeDocument,
  })
  if (jwks) await registerAuth(app, jwks, { scope })
  const metrics = createMetrics(name)
  serveMetrics(app, metrics)
  serveHealth(app, name, ready)
  app.get(`/v1/${name}/openapi.json`, { config: { public: true }, schema: { hide: true } }, async () =>
    app.swagger(),
  )
  return { app, metrics }
}

/** The caller's id where it is one that can be logged as it is. */
function requestId(header: string | string[] | undefined): string {
  return typeof header === 'string' && /^[\w.:-]{1,128}$/.test(header) ? header : randomUUID()
}

function pathOf({ url }: FastifyRequest): string {
  const mark = url.indexOf('?')
  return mark === -1 ? url : url.slice(0, mark)
}

function logRequests(app: Server, log: FastifyBaseLogger): void {
  const write = createRequestLines(log, 'request')
  app.addHook('onResponse', (request: FastifyRequest, reply: FastifyReply, done) => {
    if (request.routeOptions.config.quiet && reply.statusCode < 400) return done()
    write({
      request_id: request.id,
      method: request.method,
      path: pathOf(request), // queries may hold what people search for
      status: reply.statusCode,
      duration_ms: Math.round(reply.elapsedTime * 100) / 100,
      trace_id: request.traceId,
    })
    done()
  })
}
