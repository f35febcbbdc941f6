/**
 * What an operator's network sees of each service, on one loopback port: /core/metrics, /core/health, /core/livez,
 * /core/readyz, and the same for media, links, pipeline and auth; /gateway/metrics has Traefik's own names; /graphiql
 * asks the gateway.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { createExplorer } from './explorer.ts'
import type { HeldPort } from './ports.ts'

type App = { routing(request: IncomingMessage, response: ServerResponse): void }

const paths = new Set(['/metrics', '/health', '/livez', '/readyz'])

export async function serveOperations(
  apps: Record<string, App>,
  gateway: { url: string; metrics: () => string },
  port: HeldPort,
): Promise<{ url: string; close(): Promise<void> }> {
  const list = [
    ...Object.keys(apps).flatMap(name => [...paths].map(path => `/${name}${path}`)),
    '/gateway/metrics',
    '/graphiql',
  ]
  const explore = createExplorer(gateway.url)
  const server = createServer((request, response) => {
    if (explore(request, response)) return
    const [, name = '', path = ''] = /^\/(\w+)(\/\w+)$/.exec(request.url ?? '') ?? []
    const app = Object.hasOwn(apps, name) ? apps[name] : undefined
    if (app && paths.has(path)) {
      request.url = path
      app.routing(request, response)
    } else if (request.url === '/gateway/metrics') {
      response.setHeader('content-type', 'text/plain; version=0.0.4; charset=utf-8').end(gateway.metrics())
    } else {
      response.statusCode = request.url === '/' ? 200 : 404
      response.setHeader('content-type', 'text/plain; charset=utf-8').end(`${list.join('\n')}\n`)
    }
  })
  await port.release()
  await new Promise<void>((listening, failed) => {
    server.once('error', failed)
    server.listen(port.port, '127.0.0.1', listening)
  })
  const close = () =>
    new Promise<void>(closed => {
      server.close(() => closed())
      server.closeAllConnections()
    })
  return { url: `http://127.0.0.1:${port.port}`, close }
}
