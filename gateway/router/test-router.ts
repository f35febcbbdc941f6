/** For tests: a router over route files written for the test, and servers to put behind it. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type RequestListener, type Server } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Log, Mount } from './router.ts'
import { createRouter, type Router } from './router.ts'

type Teardown = { teardown(handler: () => unknown): void }

export type TestRouterOptions = {
  /** Content of the one dynamic file, from `http:` on. */
  dynamic: string
  /** What stands under `entryPoints.web`, as YAML at six spaces. */
  entryPoint?: string
  /** Other entry points, as YAML at two spaces. */
  entryPoints?: string
  /** What stands under `accessLog`, as YAML at two spaces. */
  accessLog?: string
  mounts?: Record<string, Mount>
  env?: Record<string, string>
  now?: () => number
}

export type LogLine = {
  level: 'info' | 'warn' | 'error'
  message: string | undefined
  fields: Record<string, unknown>
}

export type TestRouter = {
  url: string
  port: number
  /** By entry point. */
  ports: Record<string, number>
  router: Router
  dynamicFile: string
  lines: LogLine[]
}

export function writeRouteFiles(
  t: Teardown,
  { dynamic, entryPoint = '', entryPoints = '', accessLog = '' }: TestRouterOptions,
) {
  const folder = mkdtempSync(join(tmpdir(), 'glimmr-router-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  const staticFile = join(folder, 'traefik.yml')
  const dynamicFile = join(folder, 'routes.yml')
  writeFileSync(
    staticFile,
    `entryPoints:\n  web:\n    address: "127.0.0.1:0"\n${entryPoint}\n${entryPoints}\nproviders:\n  providersThrottleDuration: 20ms\n  file:\n    filename: routes.yml\naccessLog:\n  format: json\n${accessLog}\nmetrics:\n  prometheus:\n    entryPoint: web\n    manualRouting: true\n    addRoutersLabels: true\n`,
  )
  writeFileSync(dynamicFile, dynamic)
  return { staticFile, dynamicFile }
}

export function createTestLog(): { log: Log; lines: LogLine[] } {
  const lines: LogLine[] = []
  const at = (level: LogLine['level']) => (fields: object, message?: string) =>
    void lines.push({ level, message, fields: fields as Record<string, unknown> })
  return { lines, log: { info: at('info'), warn: at('warn'), error: at('error') } }
}

export async function startTestRouter(t: Teardown, options: TestRouterOptions): Promise<TestRouter> {
  const { staticFile, dynamicFile } = writeRouteFiles(t, options)
  const { log, lines } = createTestLog()
  const { mounts, env, now } = options
  const router = createRouter({
    staticFile,
    log,
    ...(mounts && { mounts }),
    ...(env && { env }),
    ...(now && { now }),
  })
  const { url, port, ports } = await router.listen()
  t.teardown(() => router.close())
  return { url, port, ports, router, dynamicFile, lines }
}

export type Seen = {
  method: string
  url: string
  headers: IncomingMessage['headers']
  raw: string[]
  body: string
}

/** A server that answers with what it received, as JSON. `delay` header and status header steer it. */
export async function startEcho(t: Teardown): Promise<{ url: string; seen: Seen[]; server: Server }> {
  const seen: Seen[] = []
  const { url, server } = await startServer(t, echo(seen))
  return { url, seen, server }
}

export function echo(seen: Seen[] = []): RequestListener {
  return (request, response) => {
    const chunks: Buffer[] = []
    request.on('data', chunk => chunks.push(chunk))
    request.on('end', () => {
      const body = Buffer.concat(chunks).toString()
      const { method = '', url = '', headers, rawHeaders: raw } = request
      const one = { method, url, headers, raw, body }
      seen.push(one)
      const status = Number(new URL(url, 'http://echo').searchParams.get('status') ?? 200)
      response.writeHead(status, { 'content-type': 'application/json' })
      response.end(JSON.stringify(one))
    })
  }
}

export async function startServer(
  t: Teardown,
  listener: RequestListener,
): Promise<{ url: string; server: Server }> {
  const server = createServer(listener)
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, server }
}

/** One service behind one router that takes everything; `middlewares` as YAML at four spaces. */
export function simpleRoute(serverUrl: string, middlewares = '', names: string[] = []): string {
  return [
    'http:',
    '  routers:',
    '    all:',
    '      rule: PathPrefix(`/`)',
    ...(names.length > 0 ? [`      middlewares: [${names.join(', ')}]`] : []),
    '      service: back',
    ...(middlewares ? ['  middlewares:', middlewares.replace(/^/gm, '    ')] : []),
    '  services:',
    '    back:',
    '      loadBalancer:',
    `        servers: [{ url: '${serverUrl}' }]`,
    '',
  ].join('\n')
}

/** Sends bytes as they are and gives what comes back until the other side closes (or `ms` pass). */
export function sendRaw(port: number, bytes: string | Buffer, ms = 2000): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1')
    let received = ''
    const finish = () => {
      clearTimeout(timer)
      socket.destroy()
      resolve(received)
    }
    const timer = setTimeout(finish, ms)
    socket.setEncoding('latin1')
    socket.on('data', chunk => {
      received += chunk
    })
    socket.on('close', finish)
    socket.on('error', error =>
      (error as NodeJS.ErrnoException).code === 'ECONNRESET' ? finish() : reject(error),
    )
    socket.write(bytes)
  })
}

/** A request head with `Connection: close`, so that the answer ends with the connection. */
export function rawRequest(target: string, headers: string[] = [], method = 'GET'): string {
  const host = headers.some(line => /^host\s*:/i.test(line)) ? [] : ['Host: test']
  return [`${method} ${target} HTTP/1.1`, ...host, ...headers, 'Connection: close', '', ''].join('\r\n')
}

export function statusOf(answer: string): number {
  return Number(/^HTTP\/1\.[01] (\d{3})/.exec(answer)?.[1] ?? 0)
}

export function bodyOf(answer: string): string {
  const end = answer.indexOf('\r\n\r\n')
  const body = answer.slice(end + 4)
  return /^transfer-encoding: chunked\r?$/im.test(answer.slice(0, end)) ? unchunked(body) : body
}

function unchunked(body: string): string {
  let text = ''
  let rest = body
  for (;;) {
    const line = rest.indexOf('\r\n')
    const size = Number.parseInt(rest.slice(0, line), 16)
    if (!(size > 0)) return text
    text += rest.slice(line + 2, line + 2 + size)
    rest = rest.slice(line + 4 + size)
  }
}
