/** The server behind both routers: it answers with the bytes that it received, and as the query asks. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

/** `status`, `size`, `type` (none: no header), `chunked` and `encoding` in the query steer the answer. */
export async function startEcho(): Promise<{ url: string; close(): void }> {
  const server = createServer({ maxHeaderSize: 262_144 }, (request, response) => {
    const chunks: Buffer[] = []
    request.on('data', chunk => chunks.push(chunk))
    request.on('end', () => answer(request, response, Buffer.concat(chunks)))
  })
  server.on('upgrade', (request, socket) => {
    const seen = Buffer.from(JSON.stringify(received(request, ''))).toString('base64')
    socket.end(
      `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nX-Received: ${seen}\r\n\r\nframe`,
    )
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  return { url: `http://127.0.0.1:${port(server)}`, close: () => closeAll(server) }
}

function port(server: Server): number {
  return (server.address() as AddressInfo).port
}

function closeAll(server: Server): void {
  server.closeAllConnections()
  server.close()
}

export type Received = { method: string; target: string; headers: [string, string][]; body: string }

/** What only one of the two says, on purpose: with it their answers were of two lengths, on two sides of a limit. */
function isOwn(name: string, value: string): boolean {
  const lower = name.toLowerCase()
  return (
    lower === 'x-request-id' || lower === 'connection' || (lower === 'accept-encoding' && value === 'gzip')
  )
}

function received({ method = '', url = '', rawHeaders }: IncomingMessage, body: string): Received {
  const headers = rawHeaders.flatMap((name, index): [string, string][] => {
    const value = String(rawHeaders[index + 1])
    return index % 2 === 0 && !isOwn(name, value) ? [[name, value]] : []
  })
  return { method, target: url, headers, body }
}

function answer(request: IncomingMessage, response: ServerResponse, body: Buffer): void {
  const seen = received(request, body.toString('latin1'))
  if (seen.target.startsWith('/auth')) {
    verdict(request, response, seen.body)
    return
  }
  const query = new URLSearchParams(seen.target.split('?')[1] ?? '')
  const text = JSON.stringify(seen).padEnd(Number(query.get('size') ?? 0), ' ')
  const type = query.get('type') ?? 'application/json'
  response.writeHead(statusOf(query.get('status')), {
    ...(type !== 'none' && { 'content-type': type }),
    ...(query.get('chunked') ? {} : { 'content-length': Buffer.byteLength(text) }),
    'x-echo-secret': 'of the service',
    vary: 'X-Echo',
    ...(query.get('cookie') && {
      'set-cookie': ['own=1; Path=/', 'session=own', `${query.get('cookie')}=2`],
    }),
    ...(query.get('encoding') && { 'content-encoding': String(query.get('encoding')) }),
  })
  response.end(request.method === 'HEAD' ? undefined : text)
}

function statusOf(given: string | null): number {
  const status = Number(given ?? 200)
  return status >= 200 && status <= 599 ? status : 200
}

function verdict(request: IncomingMessage, response: ServerResponse, body: string): void {
  const { headers, url } = request
  const asked = String(headers['x-verdict'] ?? 'admit')
  const seen = JSON.stringify({
    url,
    authorization: headers.authorization,
    uri: headers['x-forwarded-uri'],
    method: headers['x-forwarded-method'],
    asked: request.method,
    forwarded: ['proto', 'port', 'host', 'for', 'prefix', 'server'].map(
      name => headers[`x-forwarded-${name}`],
    ),
    more: [headers['x-two'], headers['x-real-ip'], headers.cookie, agentOf(headers), headers.te],
    body,
  })
  const { 'x-cookies': cookies, 'x-location': location } = headers
  if (cookies) response.setHeader('set-cookie', String(cookies).split(' & '))
  if (location) response.setHeader('location', location)
  if (asked === 'admit')
    response.writeHead(200, {
      'x-auth-subject': 'key:1',
      'x-hasura-role': 'partner',
      'x-unlisted': '1',
      authorization: 'Bearer internal',
      'x-asked': seen,
      'x-hasura-asked': seen,
    })
  else if (asked === 'large') response.writeHead(200)
  else
    response.writeHead(statusOf(asked), {
      'content-type': 'application/problem+json',
      'x-asked': seen,
      connection: 'close',
    })
  response.end(asked === 'large' ? 'x'.repeat(5000) : asked === 'admit' ? '' : seen)
}

/** Go's client names itself where the client's own name is not passed on. */
function agentOf(headers: IncomingMessage['headers']): string | undefined {
  const agent = headers['user-agent']
  return agent?.startsWith('Go-http-client') ? undefined : agent
}
