/** Prometheus metrics of one service, each with a registry of its own: several services may share a process. */
import type { FastifyInstance } from 'fastify'
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'

export type Metrics = { registry: Registry; requestDuration: Histogram<'method' | 'route' | 'status'> }

export function createMetrics(service: string): Metrics {
  const registry = new Registry()
  registry.setDefaultLabels({ service })
  const requestDuration = new Histogram({
    name: 'http_request_duration_seconds',
    help: 'Time from the last byte of the request headers to the last of the answer, by route',
    labelNames: ['method', 'route', 'status'] as const,
    buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
    registers: [registry],
  })
  return { registry, requestDuration }
}

/** `GET /metrics`, and every answer counted under its route's pattern (never its path: that has no bound). */
export function serveMetrics(app: FastifyInstance, { registry, requestDuration }: Metrics): void {
  app.addHook('onReady', async () => collectDefaultMetrics({ register: registry }))
  app.addHook('onResponse', (request, reply, done) => {
    const route = request.routeOptions.url ?? 'none'
    requestDuration.observe(
      { method: request.method, route, status: reply.statusCode },
      reply.elapsedTime / 1000,
    )
    done()
  })
  app.get(
    '/metrics',
    { config: { public: true, quiet: true }, schema: { hide: true } },
    async (_request, reply) => reply.type(registry.contentType).send(await registry.metrics()),
  )
}

/** `by` is 1 unless given; 0 makes the series known before it first counts. */
export type Count<Label extends string> = { add(labels: Record<Label, string>, by?: number): void }

/** A counter in the service's registry; label values must come from a bounded set. */
export function createCounter<Label extends string>(
  { registry }: Metrics,
  options: { name: string; help: string; labelNames: readonly Label[] },
): Count<Label> {
  const labelNames = [...options.labelNames]
  // Summed up here until somebody asks: to count in the registry itself costs a microsecond, for each request.
  const sums = new Map<string, { labels: Record<Label, string>; by: number }>()
  const collect = () => {
    for (const { labels, by } of sums.values()) counter.inc(labels, by)
    sums.clear()
  }
  const counter = new Counter({ ...options, labelNames, registers: [registry], collect })
  return {
    add(labels, by = 1) {
      const key = labelNames.map(name => labels[name]).join()
      const sum = sums.get(key)
      if (sum) sum.by += by
      else sums.set(key, { labels, by })
    },
  }
}

export type Level<Label extends string> = { labels: Record<Label, string>; value: number }

/** A gauge that is read when it is scraped. A reading that fails leaves the gauge out, not the whole answer. */
export function createGauge<Label extends string>(
  { registry }: Metrics,
  options: { name: string; help: string; labelNames: readonly Label[]; read: () => Promise<Level<Label>[]> },
): void {
  const { name, help, labelNames, read } = options
  const collect = async () => {
    const levels = await read().catch(() => [])
    gauge.reset()
    for (const { labels, value } of levels) gauge.set(labels, value)
  }
  const gauge = new Gauge({ name, help, labelNames: [...labelNames], registers: [registry], collect })
}

/** A histogram of seconds in the service's own registry. */
export function createTimer<Label extends string>(
  { registry }: Metrics,
  options: { name: string; help: string; labelNames: readonly Label[] },
): { observe(labels: Record<Label, string>, seconds: number): void } {
  const buckets = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]
  const labelNames = [...options.labelNames]
  const timer = new Histogram({ ...options, labelNames, buckets, registers: [registry] })
  return { observe: (labels, seconds) => timer.observe(labels, seconds) }
}
