/** An OTLP endpoint with pages to look at what came: `POST /v1/traces`, `/`, `/traces/ID`, `/traces/ID.json`. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { promisify } from 'node:util'
import { gunzip } from 'node:zlib'
import { ZodError } from 'zod'
import { readSpans, type Span } from './otlp-json.ts'
import { listPage, tracePage } from './pages.ts'
import { createTraceStore, type TraceStore } from './trace-store.ts'

const maxBodyBytes = 32 * 1024 * 1024

export type TraceViewer = { url: string; close(): Promise<void> }

/** On the loopback address only: spans tell what people asked for. `port` 0 takes a free one. */
export async function startTraceViewer(
  port: number,
  store: TraceStore = createTraceStore(),
): Promise<TraceViewer> {
  const server = createServer((request, response) => {
    answer(request, response, store).catch(error => {
      const status = error instanceof ZodError || error instanceof SyntaxError ? 400 : 500
      send(response, status, 'text/plain', `${error instanceof Error ? error.message : error}\n`)
    })
  })
  await new Promise<void>((listening, failed) => {
    server.once('error', failed)
    server.listen(port, '127.0.0.1', listening)
  })
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () =>
      new Promise(closed => {
        server.close(() => closed())
        server.closeAllConnections()
      }),
  }
}

/** What to set so that spans come here. */
export const howTo = (url: string) =>
  `OTEL_EXPORTER_OTLP_ENDPOINT=${url} OTEL_EXPORTER_OTLP_PROTOCOL=http/json make start`

async function answer(request: IncomingMessage, response: ServerResponse, store: TraceStore): Promise<void> {
  const { pathname, searchParams } = new URL(request.url ?? '/', 'http://localhost')
  if (request.method === 'POST' && pathname === '/v1/traces') return receive(request, response, store)
  const [, id = '', json] = /^\/traces\/([0-9a-f]{32})(\.json)?$/.exec(pathname) ?? []
  const trace = store.get(id)
  if (pathname === '/') {
    const query = searchParams.get('q')?.trim() ?? ''
    const found = store.list().filter(one => one.spans.some(span => matches(span, query)))
    send(response, 200, 'text/html', listPage(found, query, howTo(`http://${request.headers.host}`)))
  } else if (trace && json) {
    send(response, 200, 'application/json', JSON.stringify(trace))
  } else if (trace) {
    send(response, 200, 'text/html', tracePage(trace))
  } else {
    send(response, 404, 'text/plain', 'There is no such page, or the trace is no longer kept.\n')
  }
}

function matches(span: Span, query: string): boolean {
  if (query === '' || span.traceId === query || span.name.includes(query)) return true
  return Object.values(span.attributes).some(value => String(value).includes(query))
}

async function receive(request: IncomingMessage, response: ServerResponse, store: TraceStore): Promise<void> {
  if (!/^application\/json\b/.test(request.headers['content-type'] ?? '')) {
    const told = 'This takes OTLP as JSON: set OTEL_EXPORTER_OTLP_PROTOCOL=http/json\n'
    return send(response, 415, 'text/plain', told)
  }
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of request) {
    size += chunk.length
    if (size > maxBodyBytes) return send(response, 413, 'text/plain', 'too many spans at once\n')
    chunks.push(chunk)
  }
  const body = Buffer.concat(chunks)
  const zipped = request.headers['content-encoding'] === 'gzip'
  const plain = zipped ? await promisify(gunzip)(body, { maxOutputLength: maxBodyBytes }) : body
  store.add(readSpans(JSON.parse(plain.toString('utf8'))))
  send(response, 200, 'application/json', '{}')
}

function send(response: ServerResponse, status: number, type: string, body: string): void {
  response.writeHead(status, {
    'content-type': `${type}; charset=utf-8`,
    'content-security-policy': "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'",
    'x-content-type-options': 'nosniff',
  })
  response.end(body)
}
