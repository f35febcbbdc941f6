/** What every main.ts does: the variables they share, the keys of gateway/auth by HTTP, listen, close on a signal. */
import { setTimeout as wait } from 'node:timers/promises'
import type { FastifyBaseLogger } from 'fastify'
import { pino } from 'pino'
import { request } from 'undici'
import { z } from 'zod'
import type { Jwk, JwksSource } from './auth.ts'
import { databaseUrl } from './database-url.ts'
import { createLogLines } from './log-lines.ts'
import type { Server } from './server.ts'
import { stopTelemetry } from './telemetry.ts'

/** Variables of every service that listens. */
export function serviceVariables(port: number) {
  return {
    HOST: z.string().default('0.0.0.0'),
    PORT: z.coerce.number().int().min(0).max(65_535).default(port),
    /** How long a service that is told to end goes on while it says that it is not ready: longer than health checks are apart. */
    DRAIN_SECONDS: z.coerce.number().min(0).max(600).default(0),
    LOG_LEVEL: z.enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace']).default('info'),
    /** Of the service's own role. */
    DATABASE_URL: databaseUrl,
    /** Where gateway/auth publishes its keys. */
    JWKS_URL: z.url().default('http://auth:3004/.well-known/jwks.json'),
  }
}

type ServiceVariables = z.infer<z.ZodObject<ReturnType<typeof serviceVariables>>>

export type ServiceContext = { databaseUrl: string; log: FastifyBaseLogger; jwks: JwksSource }

/** JSON lines with `level` as a word. */
export function createLog(level: ServiceVariables['LOG_LEVEL']): FastifyBaseLogger {
  return pino({ level, formatters: { level: label => ({ level: label }) } }, createLogLines())
}

/** Builds the service, listens, and closes it at the first signal: see `closeGently`. */
export async function runService(
  variables: ServiceVariables,
  build: (context: ServiceContext) => Promise<Server>,
): Promise<void> {
  const log = createLog(variables.LOG_LEVEL)
  const jwks = createHttpJwks(variables.JWKS_URL)
  const app = await build({ databaseUrl: variables.DATABASE_URL, log, jwks })
  for (const signal of ['SIGINT', 'SIGTERM'] as const)
    process.once(signal, () => {
      closeGently(app, variables.DRAIN_SECONDS * 1000)
        .then(stopTelemetry)
        .catch(error => {
          log.fatal({ err: error }, 'the service did not close cleanly')
          process.exitCode = 1
        })
    })
  await app.listen({ host: variables.HOST, port: variables.PORT })
}

/**
 * Says that it is not ready, works on for `drainMs`, and closes: running requests end, then what it holds is written. Where
 * there is another instance, the time between lets requests go there: a connection that comes while the port is closed is
 * reset, and what was sent on it may not be sent again.
 */
export async function closeGently(app: Pick<Server, 'leave' | 'close'>, drainMs: number): Promise<void> {
  app.leave()
  if (drainMs > 0) await wait(drainMs)
  await app.close()
}

/** The JWKS at `url`; rejects after 5 s, and for anything but a 200 with keys. */
export function createHttpJwks(url: string): JwksSource {
  return async () => {
    const answer = await request(url, { signal: AbortSignal.timeout(5_000) })
    const body = await answer.body.json()
    if (answer.statusCode !== 200 || !isJwks(body))
      throw new Error(`${url} answered ${answer.statusCode}, without keys`)
    return body
  }
}

function isJwks(body: unknown): body is { keys: Jwk[] } {
  return typeof body === 'object' && body !== null && 'keys' in body && Array.isArray(body.keys)
}
