/**
 * The two WebSocket sub-protocols of GraphQL, as what is sent and what is understood.
 *
 * Source: https://github.com/enisdenjo/graphql-ws/blob/master/PROTOCOL.md (`graphql-transport-ws`) and
 * https://github.com/apollographql/subscriptions-transport-ws/blob/master/PROTOCOL.md (`graphql-ws`).
 */
import { errorBody, type RequestError } from '../errors.ts'
import { parseExact } from '../exact-json.ts'

/** What a client may say. */
export type Said =
  | { is: 'init'; headers: Record<string, string> }
  | { is: 'start'; id: string; body: unknown }
  | { is: 'stop'; id: string }
  | { is: 'ping' }
  | { is: 'pong' }
  | { is: 'bye' }

export type Protocol = {
  name: 'graphql-transport-ws' | 'graphql-ws'
  /** Undefined for what the protocol does not know. */
  read(text: string): Said | undefined
  ack: string
  pong: string | undefined
  /** Sent every few seconds, so that nothing between takes the connection for dead. */
  keepAlive: string
  next(id: string, body: string): string
  /** Of a request that was refused before it ran. */
  error(id: string, error: RequestError, showInternal: boolean): string
  /** Of a start that comes at the wrong time; undefined where the connection is closed for it. */
  notStarted: ((id: string, why: string) => string) | undefined
  complete(id: string): string
  /** Whether `complete` follows an error. */
  completesErrors: boolean
  /** Said before closing, where the protocol has a message for it. */
  connectionError: ((message: string) => string) | undefined
}

const message = (type: string, id?: string, payload?: string) =>
  `{"type":${JSON.stringify(type)}${id === undefined ? '' : `,"id":${JSON.stringify(id)}`}${payload === undefined ? '' : `,"payload":${payload}`}}`

export const modern: Protocol = {
  name: 'graphql-transport-ws',
  read: text => readWith(text, { start: 'subscribe', stop: 'complete', bye: undefined }),
  ack: message('connection_ack'),
  pong: message('pong'),
  keepAlive: message('ping'),
  next: (id, body) => message('next', id, body),
  error: (id, error, showInternal) => {
    const { errors } = JSON.parse(errorBody(error, showInternal))
    return message('error', id, JSON.stringify(errors))
  },
  notStarted: undefined,
  complete: id => message('complete', id),
  completesErrors: false,
  connectionError: undefined,
}

const startFailed = { path: '$', code: 'start-failed' }

export const apollo: Protocol = {
  name: 'graphql-ws',
  read: text => readWith(text, { start: 'start', stop: 'stop', bye: 'connection_terminate' }),
  ack: message('connection_ack'),
  pong: undefined,
  keepAlive: message('ka'),
  next: (id, body) => message('data', id, body),
  error: (id, error, showInternal) => message('error', id, errorBody(error, showInternal)),
  notStarted: (id, why) => message('error', id, JSON.stringify({ message: why, extensions: startFailed })),
  complete: id => message('complete', id),
  completesErrors: true,
  connectionError: text => message('connection_error', undefined, JSON.stringify(text)),
}

/** The older path shows errors as the older HTTP path does. */
export const apolloV1alpha1: Protocol = {
  ...apollo,
  error: (id, { path, message: error, code }) => message('error', id, JSON.stringify({ path, error, code })),
  notStarted: (id, error) => message('error', id, JSON.stringify({ ...startFailed, error })),
}

type Names = { start: string; stop: string; bye: string | undefined }

function readWith(text: string, { start, stop, bye }: Names): Said | undefined {
  const given = parsed(text)
  if (!isObject(given)) return undefined
  const { type, id, payload } = given
  switch (type) {
    case 'connection_init':
      return { is: 'init', headers: headersOf(payload) }
    case start:
      return typeof id === 'string' && isObject(payload) ? { is: 'start', id, body: payload } : undefined
    case stop:
      return typeof id === 'string' ? { is: 'stop', id } : undefined
    case 'ping':
      return { is: 'ping' }
    case 'pong':
      return { is: 'pong' }
    default:
      return bye !== undefined && type === bye ? { is: 'bye' } : undefined
  }
}

function parsed(text: string): unknown {
  try {
    return parseExact(text)
  } catch {
    return undefined
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** `{headers: {…}}`: what a browser cannot send with the handshake. Names in lower case. */
function headersOf(payload: unknown): Record<string, string> {
  const given = isObject(payload) && isObject(payload.headers) ? payload.headers : {}
  const headers: Record<string, string> = {}
  for (const [name, value] of Object.entries(given))
    if (['string', 'number', 'boolean'].includes(typeof value)) headers[name.toLowerCase()] = String(value)
  return headers
}
