/**
 * `dynamic/*.yml`: routers, middlewares, services. Defaults are Traefik's.
 * https://doc.traefik.io/traefik/reference/routing-configuration/
 */
import { z } from 'zod'
import { middlewareKinds } from '../middlewares/all.ts'
import { certificate, routerTls, tlsSchema, tlsVersion } from './tls.ts'
import { count, durationMs, flag, integer, requestHeaders, statusRanges, text, texts } from './values.ts'

const router = z.strictObject({
  entryPoints: texts.optional(),
  rule: text.pipe(z.string().min(1, 'must not be empty')),
  // The older syntax is a start-up error.
  ruleSyntax: z.enum(['v3', 'default']).optional(),
  priority: integer.refine(value => value <= 2 ** 31 - 1000, 'is beyond what a router may have').default(0),
  middlewares: texts.default([]),
  service: text.optional(),
  parentRefs: texts.default([]),
  /** Such a router serves TLS connections only, the others plain ones only. */
  tls: routerTls.optional(),
  observability: z
    .strictObject({
      accessLogs: flag.default(true),
      metrics: flag.default(true),
      tracing: flag.default(true),
      traceVerbosity: text.optional(),
    })
    .optional(),
})

/** Exactly one key, which names the kind: `{ rateLimit: { … } }`. */
const middleware = z
  .strictObject(
    Object.fromEntries(Object.entries(middlewareKinds).map(([key, kind]) => [key, kind.schema.optional()])),
  )
  .refine(value => Object.keys(value).length === 1, 'a middleware is of exactly one kind')

const sticky = z.strictObject({
  cookie: z
    .strictObject({
      name: text.default(''),
      secure: flag.default(false),
      httpOnly: flag.default(false),
      sameSite: z.enum(['none', 'lax', 'strict', '']).default(''),
      maxAge: integer.default(0),
      path: text.default('/'),
      domain: text.default(''),
    })
    .nullable()
    .transform(
      cookie =>
        cookie ?? {
          name: '',
          secure: false,
          httpOnly: false,
          sameSite: '' as const,
          maxAge: 0,
          path: '/',
          domain: '',
        },
    ),
})

const serverUrl = text.pipe(
  z.url({ protocol: /^https?$/, error: 'a server is a URL such as http://core:3001' }),
)

const healthCheck = z.strictObject({
  scheme: z.enum(['http', 'https']).optional(),
  mode: z.literal('http').default('http'),
  path: text.refine(path => path.startsWith('/'), 'the path starts with a slash'),
  method: text.default('GET'),
  status: count.default(0),
  port: count.optional(),
  interval: durationMs.default(30_000),
  unhealthyInterval: durationMs.optional(),
  timeout: durationMs.default(5000),
  hostname: text.optional(),
  followRedirects: flag.default(true),
  headers: requestHeaders.default({}),
})

const loadBalancer = z.strictObject({
  servers: z
    .array(z.strictObject({ url: serverUrl, weight: count.default(1), preservePath: flag.default(false) }))
    .default([]),
  strategy: z.enum(['wrr', 'p2c', 'hrw', 'leasttime']).default('wrr'),
  sticky: sticky.optional(),
  healthCheck: healthCheck.optional(),
  passiveHealthCheck: z
    .strictObject({ failureWindow: durationMs.default(10_000), maxFailedAttempts: count.default(1) })
    .optional(),
  passHostHeader: flag.default(true),
  // Answers are never held back here, so that a longer interval has nothing to hold.
  responseForwarding: z.strictObject({ flushInterval: durationMs.default(100) }).optional(),
  serversTransport: text.optional(),
})

/** `healthCheck: {}`: take the children's health into account. */
const childHealth = z.strictObject({}).nullable().optional()

const named = z
  .array(z.strictObject({ name: text, weight: count.default(1) }))
  .min(1, 'name at least one service')

/** More than any mirror is asked to take; Traefik's own bound is the memory. */
const maxMirroredBytes = 8 * 2 ** 20

const mirroring = z.strictObject({
  service: text,
  mirrorBody: flag.default(true),
  maxBodySize: integer
    .default(-1)
    .transform(bytes => (bytes < 0 ? maxMirroredBytes : Math.min(bytes, maxMirroredBytes))),
  mirrors: z
    .array(
      z.strictObject({
        name: text,
        percent: count.refine(value => value <= 100, 'must be from 0 to 100').default(0),
      }),
    )
    .default([]),
  healthCheck: childHealth,
})

const service = z
  .strictObject({
    /** Run for every request that comes to the service, whichever router it came by. */
    middlewares: texts.optional(),
    loadBalancer: loadBalancer.optional(),
    weighted: z
      .strictObject({ services: named, sticky: sticky.optional(), healthCheck: childHealth })
      .optional(),
    highestRandomWeight: z.strictObject({ services: named, healthCheck: childHealth }).optional(),
    mirroring: mirroring.optional(),
    failover: z
      .strictObject({
        service: text,
        fallback: text,
        healthCheck: childHealth,
        errors: z.strictObject({ status: statusRanges, maxRequestBodyBytes: integer.default(-1) }).optional(),
      })
      .optional(),
  })
  .refine(
    ({ middlewares: _, ...kinds }) => Object.keys(kinds).length === 1,
    'a service is of exactly one kind',
  )

const serversTransport = z.strictObject({
  maxIdleConnsPerHost: integer.default(0),
  forwardingTimeouts: z
    .strictObject({
      dialTimeout: durationMs.default(30_000),
      responseHeaderTimeout: durationMs.default(0),
      idleConnTimeout: durationMs.default(90_000),
    })
    .prefault({}),
  insecureSkipVerify: flag.default(false),
  serverName: text.optional(),
  rootCAs: texts.default([]),
  certificates: z.array(z.strictObject(certificate)).default([]),
  minVersion: tlsVersion.optional(),
  maxVersion: tlsVersion.optional(),
  cipherSuites: texts.optional(),
  // Servers are asked by HTTP/1.1 either way.
  disableHTTP2: flag.default(false),
})

export const dynamicSchema = z.strictObject({
  http: z
    .strictObject({
      routers: z.record(z.string(), router).default({}),
      middlewares: z.record(z.string(), middleware).default({}),
      services: z.record(z.string(), service).default({}),
      serversTransports: z.record(z.string(), serversTransport).default({}),
    })
    .nullable()
    .optional(),
  tls: tlsSchema.nullable().optional(),
})

export type DynamicFile = z.infer<typeof dynamicSchema>
export type RouterConfiguration = z.infer<typeof router>
export type ServiceConfiguration = z.infer<typeof service>
export type LoadBalancerConfiguration = z.infer<typeof loadBalancer>
export type HealthCheckConfiguration = z.infer<typeof healthCheck>
export type StickyCookie = z.infer<typeof sticky>['cookie']
export type ServersTransport = z.infer<typeof serversTransport>
/** `{ rateLimit: { average: 100, … } }`, options already read. */
export type MiddlewareConfiguration = z.infer<typeof middleware>

export const defaultTransport: ServersTransport = serversTransport.parse({})
