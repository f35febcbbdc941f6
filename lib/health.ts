/** Health: /livez says the process turns, /readyz that it can do its work, /health both in words. */
import type { FastifyInstance, FastifyReply } from 'fastify'

const options = { config: { public: true, quiet: true }, schema: { hide: true } }

export function serveHealth(app: FastifyInstance, service: string, ready: () => Promise<void>): void {
  const health = async (_request: unknown, reply: FastifyReply) => {
    const fault = await ready().then(
      () => undefined,
      (error: unknown) => error,
    )
    // What exactly is away is for the log: this answer is public.
    if (fault) app.log.warn({ err: fault }, 'not ready')
    return reply
      .code(fault ? 503 : 200)
      .header('cache-control', 'no-store')
      .send({ status: fault ? 'unavailable' : 'ok', service })
  }
  app.get('/livez', options, async () => ({ status: 'ok', service }))
  for (const path of ['/readyz', '/health', `/v1/${service}/health`]) app.get(path, options, health)
}
