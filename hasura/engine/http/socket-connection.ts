/** One WebSocket connection: who it is, what it says, and how long it may stay. */
import type { IncomingMessage } from 'node:http'
import type { WebSocket } from 'ws'
import { RequestError } from '../errors.ts'
import type { Session } from '../session.ts'
import type { Log } from './log.ts'
import type { SocketLimits } from './socket-limits.ts'
import { createSocketLog } from './socket-log.ts'
import { createOperations, type Operations, type OperationsOptions } from './socket-operations.ts'
import type { Protocol, Said } from './socket-protocol.ts'

export type ConnectionOptions = {
  engine: OperationsOptions['engine']
  /** Who it is, from the headers of `connection_init` and of the handshake. Throws a RequestError for nobody. */
  authenticate(headers: Record<string, string>, handshake: IncomingMessage): Session | Promise<Session>
  /** Takes a place for a connection of this key; undefined when it has too many. */
  admit(session: Session): Admission | undefined
  limits: SocketLimits
  log?: Log | undefined
  onError?: ((error: unknown) => void) | undefined
}

export type Admission = {
  /** False when this client has begun too much lately. */
  mayStart(): boolean
  leave(): void
}

type Close = readonly [code: number, reason: string]

/** https://github.com/enisdenjo/graphql-ws/blob/master/PROTOCOL.md and RFC 6455, 7.4. */
const closes = {
  badMessage: [4400, 'Invalid message'],
  unauthorized: [4401, 'Unauthorized'],
  expired: [4403, 'the credentials have expired'],
  initTimeout: [4408, 'Connection initialisation timeout'],
  initTwice: [4429, 'Too many initialisation requests'],
  tooMany: [4429, 'Too many connections'],
  idle: [1000, 'idle'],
  done: [1000, 'terminated'],
  unexpected: [1011, 'unexpected'],
  changed: [1012, 'the metadata changed'],
} as const satisfies Record<string, Close>

/** Serves until the socket closes; then nothing of it stays. */
export function serveSocket(
  socket: WebSocket,
  handshake: IncomingMessage,
  protocol: Protocol,
  { engine, authenticate, admit, limits, log, onError }: ConnectionOptions,
): void {
  const told = createSocketLog(log)
  const modern = protocol.name === 'graphql-transport-ws'
  const close = ([code, reason]: Close) => socket.close(code, reason)
  const send = (text: string) => {
    if (socket.readyState !== socket.OPEN) return
    if (socket.bufferedAmount > limits.mostBufferedBytes) socket.terminate()
    else socket.send(text)
  }
  const operations = createOperations({
    engine,
    protocol,
    send,
    ready: () => socket.bufferedAmount < limits.bufferedBytes,
    most: limits.operations,
    note: told?.operation,
    onError,
    // Clients come back, and are planned anew.
    lost: () => close(closes.changed),
  })
  const life = watchLife(socket, operations, limits, () => {
    if (session) send(protocol.keepAlive)
  })
  const initTimer = setTimeout(close, limits.initTimeoutMs, closes.initTimeout)
  let initialising = false
  let authenticating = false
  const early: [id: string, body: unknown][] = []
  let session: Session | undefined
  let mayStart = () => true

  socket.on('close', () => {
    clearTimeout(initTimer)
    life.end()
    operations.stopAll()
    told?.closed()
  })
  socket.on('error', () => socket.terminate())
  socket.on('message', (data, binary) => {
    life.sign()
    const said = binary ? undefined : protocol.read(String(data))
    if (said) hear(said)
    else if (protocol.connectionError) send(protocol.connectionError('the message is not of the protocol'))
    else close(closes.badMessage)
  })

  function hear(said: Said): void {
    if (said.is === 'init') void initialise(said.headers)
    else if (said.is === 'start') start(said.id, said.body)
    else if (said.is === 'stop') operations.stop(said.id)
    else if (said.is === 'bye') close(closes.done)
    else if (said.is === 'ping' && protocol.pong) send(protocol.pong)
  }

  async function initialise(headers: Record<string, string>): Promise<void> {
    if (initialising) {
      if (modern) close(closes.initTwice)
      return
    }
    initialising = true
    authenticating = true
    try {
      begin(await authenticate(headers, handshake))
      for (const [id, body] of early.splice(0)) start(id, body)
    } catch (cause) {
      told?.refused(cause)
      if (!(cause instanceof RequestError)) return close(closes.unexpected)
      if (protocol.connectionError) send(protocol.connectionError(cause.message))
      close([4403, shortened(cause.message)])
    }
  }

  function begin(of: Session): void {
    clearTimeout(initTimer)
    if (socket.readyState !== socket.OPEN) return
    const admission = admit(of)
    if (!admission) {
      close(closes.tooMany)
      return
    }
    socket.on('close', admission.leave)
    mayStart = admission.mayStart
    if (of.expiresAt !== undefined) life.expireAt(of.expiresAt)
    session = of
    told?.of(of)
    send(protocol.ack)
    if (!modern) send(protocol.keepAlive)
  }

  function start(id: string, body: unknown): void {
    // The older client does not wait for the answer to its first message.
    if (!session && authenticating && !modern && early.length < limits.operations) early.push([id, body])
    else if (session && !mayStart()) operations.refuse(id, tooOften(), session)
    else if (!session) refuse(id, notInitialised, closes.unauthorized)
    else if (!operations.start(id, body, session))
      refuse(id, `${inUse}: ${id}`, [4409, `Subscriber for ${shortened(id)} already exists`])
  }

  function refuse(id: string, why: string, otherwise: Close): void {
    if (protocol.notStarted) {
      send(protocol.notStarted(id, why))
      send(protocol.complete(id))
    } else close(otherwise)
  }
}

const notInitialised = 'start received before the connection is initialised'
const inUse = 'an operation already exists with this id'

function tooOften(): RequestError {
  return new RequestError('unexpected', '$', 'too many operations within a minute')
}

type Life = { sign(): void; expireAt(time: number): void; end(): void }

/** Ends what is dead, idle or no longer entitled. */
function watchLife(
  socket: WebSocket,
  operations: Operations,
  { keepAliveMs, idleMs }: SocketLimits,
  keepAlive: () => void,
): Life {
  let alive = true
  let lastUsed = performance.now()
  let expiry: NodeJS.Timeout | undefined
  const tick = () => {
    if (operations.size() > 0) lastUsed = performance.now()
    // A whole turn without a sign of life: whoever was there is gone, and TCP has not noticed.
    if (!alive) socket.terminate()
    else if (performance.now() - lastUsed > idleMs) socket.close(...closes.idle)
    alive = false
    if (socket.readyState === socket.OPEN) socket.ping()
    keepAlive()
  }
  const timer = setInterval(tick, keepAliveMs)
  socket.on('pong', () => {
    alive = true
  })
  /** In steps: a timer knows no more than 24 days. */
  const expireAt = (time: number) => {
    const left = time - Date.now()
    if (left <= 0) socket.close(...closes.expired)
    else expiry = setTimeout(expireAt, Math.min(left, 2 ** 31 - 1), time)
  }
  return {
    sign: () => {
      alive = true
    },
    expireAt,
    end: () => {
      clearInterval(timer)
      clearTimeout(expiry)
    },
  }
}

/** A close reason has 123 bytes at most. */
function shortened(text: string): string {
  return Buffer.from(text)
    .subarray(0, 90)
    .toString('utf8')
    .replace(/\uFFFD+$/, '')
}
