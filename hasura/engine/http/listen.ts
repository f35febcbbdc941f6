/** Hasura's interface on a port: bodies read and bounded, answers compressed where the client takes it. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { gzipSync } from 'node:zlib'
import { RequestError } from '../errors.ts'
import { parseExact } from '../exact-json.ts'
import { failure } from './rest.ts'
import type { HttpAnswer, HttpRequest } from './serve.ts'
import type { Sockets } from './sockets.ts'

export type ListenerOptions = {
  serve(request: HttpRequest): Promise<HttpAnswer>
  sockets?: Sockets
  maxBodyBytes?: number
  onError?: (error: unknown) => void
}

const mostBytes = 16 * 1024 * 1024

/** The server, not yet listening. */
export function createListener({
  serve,
  sockets,
  maxBodyBytes = mostBytes,
  onError = () => undefined,
}: ListenerOptions): Server {
  const server = createServer((request, response) => {
    answerTo(request, { serve, maxBodyBytes })
      .catch(cause => {
        onError(cause)
        return failure(500, new RequestError('unexpected', '$', 'internal error'))
      })
      .then(answer => send(request, response, answer))
      .catch(onError)
  })
  if (sockets) server.on('upgrade', sockets.upgrade)
  return server
}

async function answerTo(
  request: IncomingMessage,
  { serve, maxBodyBytes }: { serve: ListenerOptions['serve']; maxBodyBytes: number },
): Promise<HttpAnswer> {
  const { method = 'GET', url = '/', httpVersion, socket } = request
  const text = await bodyOf(request, maxBodyBytes)
  if (text === undefined)
    return failure(
      413,
      new RequestError('request-too-large', '$', `a request has at most ${maxBodyBytes} bytes`),
    )
  const body = parsed(text, !/^\/v\d\/(metadata|query)/.test(url))
  return serve({
    method,
    url,
    headers: headersOf(request),
    body: body === notJson ? undefined : body,
    text,
    malformed: body === notJson && method === 'POST',
    ip: socket.remoteAddress,
    httpVersion,
  })
}

const notJson = Symbol('not JSON')

/** Commands about metadata hold no numbers of that size, and their objects are cloned. */
function parsed(text: string, forGraphql: boolean): unknown {
  if (text === '') return notJson
  try {
    return forGraphql ? parseExact(text) : JSON.parse(text)
  } catch {
    return notJson
  }
}

async function bodyOf(request: IncomingMessage, most: number): Promise<string | undefined> {
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of request) {
    length += chunk.length
    if (length > most) return undefined
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}

function headersOf({ headers }: IncomingMessage): Record<string, string> {
  const found: Record<string, string> = {}
  for (const [name, value] of Object.entries(headers))
    if (value !== undefined) found[name] = Array.isArray(value) ? value.join(', ') : value
  return found
}

function send(request: IncomingMessage, response: ServerResponse, answer: HttpAnswer): void {
  const zipped = /\bgzip\b/.test(String(request.headers['accept-encoding'] ?? '')) && answer.body !== ''
  const body = zipped ? gzipSync(answer.body) : Buffer.from(answer.body)
  response.writeHead(answer.status, {
    'content-type': 'application/json; charset=utf-8',
    ...(zipped ? { 'content-encoding': 'gzip' } : {}),
    'content-length': body.length,
    ...answer.headers,
  })
  response.end(body)
}
