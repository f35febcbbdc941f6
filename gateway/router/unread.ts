/** Connections that carry no request: what the parser would not read, and tunnels. They are refused on the bare socket. */
import { STATUS_CODES } from 'node:http'
import type { Duplex } from 'node:stream'
import type { RefusalReason } from './request/refusals.ts'

type Unread = { status: number; reason: RefusalReason }

/** Of node's HTTP server. */
type UnreadEvents = {
  on(event: 'connect', listener: (request: unknown, socket: Duplex) => void): unknown
  on(event: 'clientError', listener: (error: NodeJS.ErrnoException, socket: Duplex) => void): unknown
}

/** `onRefused` is told of what was answered, to count it. */
export function refuseUnread(server: UnreadEvents, onRefused: (refused: Unread) => void): void {
  const refuse = (socket: Duplex, refused: Unread) => {
    // Bytes of another answer are on their way: in the midst of them these would be read as a part of it.
    if (!socket.writable || isAnswering(socket)) return void socket.destroy()
    onRefused(refused)
    sayLast(socket, `${refused.status} ${STATUS_CODES[refused.status]}`)
  }
  server.on('connect', (_request, socket) => {
    // It is out of the server's hands: an error that nobody listens to would end the process.
    socket.on('error', () => socket.destroy())
    refuse(socket, { status: 405, reason: 'tunnel' })
  })
  server.on('clientError', (error, socket) => refuse(socket, unread(error)))
}

function unread({ code }: NodeJS.ErrnoException): Unread {
  if (code === 'HPE_HEADER_OVERFLOW') return { status: 431, reason: 'head_too_large' }
  return code === 'ERR_HTTP_REQUEST_TIMEOUT'
    ? { status: 408, reason: 'head_too_slow' }
    : { status: 400, reason: 'malformed_head' }
}

/** Whether the answer to a request of this connection is not through yet. node keeps it under this name. */
export function isAnswering(socket: object): boolean {
  return Boolean((socket as { _httpMessage?: unknown })._httpMessage)
}

function sayLast(socket: Duplex, text: string): void {
  socket.write(
    `HTTP/1.1 ${text}\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: ${text.length}\r\nConnection: close\r\n\r\n${text}`,
  )
  part(socket)
}

// As long as Go's server leaves the client to read what was said, and to end its own side.
const partingMs = 500

/** Nothing more is said, and the connection ends, also where the client does not end it. */
export function part(socket: Duplex): void {
  socket.end()
  const timer = setTimeout(() => socket.destroy(), partingMs)
  timer.unref()
  socket.once('close', () => clearTimeout(timer))
}
