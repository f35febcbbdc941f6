/**
 * `traefik.yml`: entry points, the file provider, observability. Defaults are Traefik's.
 * https://doc.traefik.io/traefik/reference/install-configuration/configuration-options/
 */
import { z } from 'zod'
import { routerTls } from './tls.ts'
import { count, durationMs, flag, integer, statusRanges, text, textMap, texts } from './values.ts'

const encodedCharacters = z.strictObject({
  allowEncodedSlash: flag.default(true),
  allowEncodedBackSlash: flag.default(true),
  allowEncodedNullCharacter: flag.default(true),
  allowEncodedSemicolon: flag.default(true),
  allowEncodedPercent: flag.default(true),
  allowEncodedQuestionMark: flag.default(true),
  allowEncodedHash: flag.default(true),
})

/** HTTP → HTTPS. https://doc.traefik.io/traefik/reference/install-configuration/entrypoints/#redirections */
const redirections = z.strictObject({
  entryPoint: z.strictObject({
    /** Another entry point's name, or `:443`. */
    to: text,
    scheme: text.default('https'),
    permanent: flag.default(true),
    // Go's math.MaxInt - 1: before every router of yours.
    priority: integer.default(Number.MAX_SAFE_INTEGER - 1),
  }),
})

const entryPointHttp = z.strictObject({
  middlewares: texts.default([]),
  redirections: redirections.optional(),
  tls: routerTls.optional(),
  encodedCharacters: encodedCharacters.optional(),
  encodeQuerySemicolons: flag.default(false),
  sanitizePath: flag.default(true),
  maxHeaderBytes: count.default(1 << 20),
  underscoreHeadersStrategy: z.enum(['keep', 'delete', 'reject']).default('keep'),
})

const transport = z.strictObject({
  lifeCycle: z
    .strictObject({
      requestAcceptGraceTimeout: durationMs.default(0),
      graceTimeOut: durationMs.default(10_000),
    })
    .prefault({}),
  respondingTimeouts: z
    .strictObject({
      readTimeout: durationMs.default(60_000),
      writeTimeout: durationMs.default(0),
      idleTimeout: durationMs.default(180_000),
    })
    .prefault({}),
  keepAliveMaxTime: durationMs.default(0),
  keepAliveMaxRequests: count.default(0),
})

const entryPoint = z.strictObject({
  address: text.refine(
    address => /^(?:\[[0-9a-fA-F:.]+\]|[^:/[\]]*):\d{1,5}(?:\/tcp)?$/.test(address),
    'an address is HOST:PORT or :PORT',
  ),
  asDefault: flag.default(false),
  transport: transport.prefault({}),
  forwardedHeaders: z
    .strictObject({
      insecure: flag.default(false),
      trustedIPs: texts.default([]),
      connection: texts.default([]),
      notAppendXForwardedFor: flag.default(false),
    })
    .prefault({}),
  http: entryPointHttp.prefault({}),
  observability: z
    .strictObject({
      accessLogs: flag.default(true),
      metrics: flag.default(true),
      tracing: flag.default(true),
      traceVerbosity: z.enum(['minimal', 'detailed']).default('minimal'),
    })
    .prefault({}),
})

const keepOrDrop = z.enum(['keep', 'drop'])
const headerMode = z.enum(['keep', 'drop', 'redact'])

const accessLog = z.strictObject({
  format: z.enum(['json', 'common']).default('common'),
  addInternals: flag.default(false),
  bufferingSize: count.default(0),
  filters: z
    .strictObject({
      statusCodes: texts.default([]).superRefine((codes, context) => {
        for (const { message, path } of statusRanges.safeParse(codes).error?.issues ?? [])
          context.addIssue({ code: 'custom', message, path })
      }),
      retryAttempts: flag.default(false),
      minDuration: durationMs.default(0),
    })
    .optional(),
  fields: z
    .strictObject({
      defaultMode: keepOrDrop.default('keep'),
      names: z.record(z.string(), keepOrDrop).default({}),
      headers: z
        .strictObject({
          defaultMode: headerMode.default('drop'),
          names: z.record(z.string(), headerMode).default({}),
        })
        .optional(),
      queryParameters: z.strictObject({ defaultMode: keepOrDrop.default('keep') }).optional(),
    })
    .optional(),
})

const otlp = z.strictObject({
  http: z.strictObject({ endpoint: text.optional(), headers: textMap.optional() }).optional(),
  grpc: z
    .strictObject({ endpoint: text.optional(), insecure: flag.optional(), headers: textMap.optional() })
    .optional(),
})

export const staticSchema = z.strictObject({
  global: z
    .strictObject({ checkNewVersion: flag.optional(), sendAnonymousUsage: flag.optional() })
    .optional(),
  entryPoints: z.record(z.string(), entryPoint),
  providers: z.strictObject({
    providersThrottleDuration: durationMs.default(2000),
    file: z
      .strictObject({ directory: text.optional(), filename: text.optional(), watch: flag.default(true) })
      .refine(
        file => (file.directory === undefined) !== (file.filename === undefined),
        'give either directory or filename',
      ),
  }),
  ping: z
    .strictObject({
      entryPoint: text.default('traefik'),
      manualRouting: flag.default(false),
      terminatingStatusCode: integer.default(503),
    })
    .optional(),
  metrics: z
    .strictObject({
      addInternals: flag.default(false),
      prometheus: z
        .strictObject({
          buckets: z.array(z.number().positive()).default([0.1, 0.3, 1.2, 5]),
          addEntryPointsLabels: flag.default(true),
          addRoutersLabels: flag.default(false),
          addServicesLabels: flag.default(true),
          entryPoint: text.default('traefik'),
          manualRouting: flag.default(false),
        })
        .optional(),
    })
    .optional(),
  accessLog: accessLog.optional(),
  log: z
    .strictObject({ level: text.default('ERROR'), format: z.enum(['json', 'common']).default('common') })
    .optional(),
  tracing: z
    .strictObject({
      addInternals: flag.default(false),
      serviceName: text.default('traefik'),
      resourceAttributes: textMap.optional(),
      sampleRate: z.number().min(0).max(1).default(1),
      capturedRequestHeaders: texts.default([]),
      capturedResponseHeaders: texts.default([]),
      safeQueryParams: texts.default([]),
      otlp: otlp.optional(),
    })
    .optional(),
})

export type StaticConfiguration = z.infer<typeof staticSchema>
export type EntryPointConfiguration = StaticConfiguration['entryPoints'][string]
export type EncodedCharacters = z.infer<typeof encodedCharacters>
