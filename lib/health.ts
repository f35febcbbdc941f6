/** Health: /livez says the process turns, /readyz that it can do its work, /health both in words. */
import type { FastifyInstance, FastifyReply } from 'fastify'

declare module 'fastify' {
  interface FastifyInstance {
    /** From now on the service says that it is not ready, and works on: whoever shares out requests sends them elsewhere. */
    leave(): void
  }
}

const options = { config: { public: true, quiet: true }, schema: { hide: true } }

export function serveHealth(app: FastifyInstance, service: string, ready: () => Promise<void>): void {
  let leaving = false
  app.decorate('leave', () => {
    leaving = true
  })
  const health = async (_request: unknown, reply: FastifyReply) => {
    const fault = leaving
      ? undefined
      : await ready().then(
          () => undefined,
          (error: unknown) => error,
        )
    // What exactly is away is for the log: this answer is public.
    if (fault) app.log.warn({ err: fault }, 'not ready')
    const able = !leaving && !fault
    return reply
      .code(able ? 200 : 503)
      .header('cache-control', 'no-store')
      .send({ status: able ? 'ok' : 'unavailable', service })
  }
  app.get('/livez', options, async () => ({ status: 'ok', service }))
  for (const path of ['/readyz', '/health', `/v1/${service}/health`]) app.get(path, options, health)
}
