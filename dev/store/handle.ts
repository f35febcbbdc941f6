import { randomUUID } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { requireBucket } from './buckets.ts'
import { type Call, headerOf, type LogEntry, type Store } from './call.ts'
import { allowOrigin, type CorsOrigins, preflight } from './cors.ts'
import { asS3Error, errorXml, S3Error } from './errors.ts'
import { operationOf } from './operations.ts'
import { type Keyring, verifySignature } from './signature.ts'
import { parseTarget } from './uri.ts'

export type HandleOptions = { store: Store; keyring: Omit<Keyring, 'nowMs'>; cors: CorsOrigins }

/** Answers one request, whatever it is; never throws. `waits` is true for a client that expects `100 Continue`. */
export async function handle(
  options: HandleOptions,
  request: IncomingMessage,
  response: ServerResponse,
  waits = false,
): Promise<void> {
  const startedMs = performance.now()
  const requestId = randomUUID()
  response.setHeader('x-amz-request-id', requestId)
  response.setHeader('server', 'glimmr-store')
  const body = bodyOf(request, response, waits)
  const { socket } = request
  let failure: S3Error | undefined
  try {
    if (request.method === 'OPTIONS') preflight(request, response, options.cors)
    else {
      allowOrigin(request, response, options.cors)
      await answer(options, { request, response, requestId, body: body.open })
    }
  } catch (error) {
    failure = asS3Error(error)
    // A client that went away is told nothing, and is nobody's fault.
    if (!socket.destroyed)
      await sendFailure(failure, { request, response, requestId, unasked: waits && !body.opened() })
  }
  const gone = socket.destroyed && !response.writableFinished
  options.store.log(logEntry({ request, response, requestId, startedMs, failure, gone }))
}

type Outcome = Pick<Call, 'request' | 'response' | 'requestId'> & {
  startedMs: number
  failure: S3Error | undefined
  gone: boolean
}

/** One line a request. The query stays out of it: a presigned URL in a log is a key in a log. */
function logEntry({ request, response, requestId, startedMs, failure, gone }: Outcome): LogEntry {
  const broken = failure !== undefined && failure.status >= 500 && !gone
  const cause = failure?.cause instanceof Error ? failure.cause.stack : failure?.cause
  return {
    level: broken ? 'error' : 'info',
    msg: gone ? 'client went away' : 'request',
    method: request.method,
    path: request.url?.split('?', 1)[0],
    status: response.statusCode,
    duration_ms: Math.round((performance.now() - startedMs) * 100) / 100,
    request_id: requestId,
    ...(failure && { code: failure.code }),
    ...(broken && { cause: String(cause) }),
  }
}

type Pieces = Pick<Call, 'request' | 'response' | 'requestId' | 'body'>

async function answer({ store, keyring }: HandleOptions, pieces: Pieces): Promise<void> {
  const { request } = pieces
  const header = (name: string) => headerOf(request, name)
  const { path, query } = parseTarget(request.url ?? '')
  const verified = verifySignature(
    { method: request.method ?? '', path, query, header, headerNames: Object.keys(request.headersDistinct) },
    { ...keyring, nowMs: store.now() },
  )
  const call: Call = { store, ...pieces, verified, query, ...placeOf(path, header('host')) }
  if (Buffer.byteLength(call.key) > 1024) throw new S3Error('InvalidObjectName')
  const operation = operationOf(call)
  const makesBucket = request.method === 'PUT' && call.key === ''
  if (call.bucket !== '' && !makesBucket) requireBucket(store, call.bucket)
  await operation(call)
}

/** `/bucket/key`, or with the bucket in the host name: `http://bucket.localhost:9000/key`. */
function placeOf(path: string, host = ''): { bucket: string; key: string } {
  const inHost = /^([a-z0-9][a-z0-9.-]*)\.localhost(?::\d+)?$/i.exec(host)
  if (inHost) return { bucket: inHost[1] ?? '', key: path.slice(1) }
  const slash = path.indexOf('/', 1)
  return slash < 0
    ? { bucket: path.slice(1), key: '' }
    : { bucket: path.slice(1, slash), key: path.slice(slash + 1) }
}

/** The body, untouched until an operation asks: until then a client that waits for `100 Continue` sends nothing. */
function bodyOf(request: IncomingMessage, response: ServerResponse, waits: boolean) {
  let opened = false
  return {
    opened: () => opened,
    open: (): AsyncIterable<Buffer> => {
      if (waits && !opened) response.writeContinue()
      opened = true
      // Leaving the loop early must not tear the connection down: the refusal goes out on it.
      return request.iterator({ destroyOnReturn: false })
    },
  }
}

// What a refused client may still send before it is cut off. Most clients read an answer only when they have sent all.
const drainBytes = 64 * 1024 * 1024
const drainMs = 10_000

async function sendFailure(
  error: S3Error,
  { request, response, requestId, unasked }: Omit<Pieces, 'body'> & { unasked: boolean },
): Promise<void> {
  if (response.headersSent) return void response.destroy()
  const body = Buffer.from(errorXml(error, request.url?.split('?', 1)[0] ?? '', requestId))
  // Whether a client that was not told to continue sends its body all the same cannot be known: so no second request here.
  if (unasked) response.setHeader('connection', 'close')
  if (error.code === 'InvalidRange')
    response.setHeader('content-range', `bytes */${error.fields.ActualObjectSize}`)
  response.writeHead(error.status, { 'content-type': 'application/xml', 'content-length': body.length })
  if (request.method === 'HEAD') response.flushHeaders()
  else response.write(body)
  // The end may close the connection, and closing it over unread bytes takes the answer away from the client.
  if (!request.complete && !unasked) await drained(request)
  response.end()
}

/** Resolves when the client has sent all, has gone, or has been cut off. */
function drained(request: IncomingMessage): Promise<void> {
  return new Promise(resolve => {
    let left = drainBytes
    const cut = () => request.destroy()
    const timer = setTimeout(cut, drainMs)
    const done = () => {
      clearTimeout(timer)
      resolve()
    }
    request.on('data', (chunk: Buffer) => {
      left -= chunk.length
      if (left < 0) cut()
    })
    request.on('error', () => {})
    request.once('end', done)
    request.once('close', done)
  })
}
