/** Hasura's interface on a port: bodies read and bounded, answers compressed where the client takes it. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { promisify } from 'node:util'
import { gzip } from 'node:zlib'
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
/** Shorter answers are not worth it. */
const leastZipped = 700
const lingerMs = 5_000
const zip = promisify(gzip)

/** The server, not yet listening. */
export function createListener({
  serve,
  sockets,
  maxBodyBytes = mostBytes,
  onError = () => undefined,
}: ListenerOptions): Server {
  const server = createServer((request, response) => {
    const gone = new AbortController()
    response.on('close', () => {
      if (!response.writableFinished) gone.abort()
    })
    answerTo(request, { serve, maxBodyBytes, signal: gone.signal })
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
  {
    serve,
    maxBodyBytes,
    signal,
  }: { serve: ListenerOptions['serve']; maxBodyBytes: number; signal: AbortSignal },
): Promise<HttpAnswer> {
  const { method = 'GET', url = '/', httpVersion, socket } = request
  const text = await bodyOf(request, maxBodyBytes)
  if (text === undefined) {
    await forget(request)
    return failure(
      413,
      new RequestError('request-too-large', '$', `a request has at most ${maxBodyBytes} bytes`),
    )
  }
  const body = parsed(text, !/^\/v\d\/metadata/.test(url))
  return serve({
    method,
    url,
    headers: headersOf(request),
    body: body === notJson ? undefined : body,
    text,
    malformed: body === notJson && method === 'POST',
    ip: socket.remoteAddress,
    httpVersion,
    signal,
  })
}

const notJson = Symbol('not JSON')

/** Commands about metadata hold no numbers of that size, and their objects are cloned; those on rows may. */
function parsed(text: string, exact: boolean): unknown {
  if (text === '') return notJson
  try {
    return exact ? parseExact(text) : JSON.parse(text)
  } catch {
    return notJson
  }
}

/** Undefined when it is too long: what is left of it stays unread. */
function bodyOf(request: IncomingMessage, most: number): Promise<string | undefined> {
  const said = Number(request.headers['content-length'] ?? 0)
  if (said > most) return Promise.resolve(undefined)
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    let length = 0
    request.on('data', (chunk: Buffer) => {
      length += chunk.length
      if (length <= most) chunks.push(chunk)
      else {
        chunks.length = 0
        resolve(undefined)
      }
    })
    request.on('end', () => resolve(Buffer.concat(chunks).toString('utf8')))
    request.on('close', () => reject(new Error('the client went away')))
  })
}

/** Reads what is left, for a while: a client that is still sending when the connection ends hears no answer. */
async function forget(request: IncomingMessage): Promise<void> {
  if (request.complete) return
  request.resume()
  const { promise, resolve } = Promise.withResolvers<void>()
  const timer = setTimeout(resolve, lingerMs)
  for (const event of ['end', 'close']) request.once(event, resolve)
  await promise
  clearTimeout(timer)
}

function headersOf({ headers }: IncomingMessage): Record<string, string> {
  const found: Record<string, string> = {}
  for (const [name, value] of Object.entries(headers))
    if (value !== undefined) found[name] = Array.isArray(value) ? value.join(', ') : value
  return found
}

async function send(request: IncomingMessage, response: ServerResponse, answer: HttpAnswer): Promise<void> {
  const zipped = takesGzip(request.headers['accept-encoding']) && answer.body.length >= leastZipped
  // Not while everybody waits: a long answer takes a second.
  const body = zipped ? await zip(answer.body) : Buffer.from(answer.body)
  response.writeHead(answer.status, {
    'content-type': 'application/json; charset=utf-8',
    ...(zipped ? { 'content-encoding': 'gzip' } : {}),
    'content-length': body.length,
    ...answer.headers,
  })
  response.end(body)
}

/** `gzip`, `*;q=0.5`, but not `gzip;q=0`. */
export function takesGzip(accepted: string | string[] | undefined): boolean {
  for (const part of String(accepted ?? '').split(',')) {
    const [name = '', ...parameters] = part.split(';').map(text => text.trim().toLowerCase())
    if (name !== 'gzip' && name !== '*') continue
    return !parameters.some(parameter => /^q=0(\.0*)?$/.test(parameter))
  }
  return false
}
