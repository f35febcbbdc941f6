/** WebSocket handshakes to another server: the two connections are joined once it says 101. */
import { type ClientRequest, request as httpRequest, type IncomingMessage } from 'node:http'
import { request as httpsRequest } from 'node:https'
import { isIP } from 'node:net'
import type { Duplex } from 'node:stream'
import type { Exchange } from '../request/exchange.ts'
import { addRaw, canonicalName } from '../request/headers.ts'
import type { GatewayResponse } from '../request/response.ts'
import { hopByHop } from '../upstream/hop-by-hop.ts'
import { fault, UpstreamError } from '../upstream/upstream-error.ts'
import { answerFailure, failureOf, type UpgradeTransport, type Upstream } from './upstream.ts'

export type UpgradeOptions = {
  transport: UpgradeTransport
  /** Told of every answer and failure, for passive health checks. */
  onOutcome?: ((outcome: { status: number }) => void) | undefined
}

export function proxyUpgrade(
  exchange: Exchange,
  upstream: Upstream,
  { transport, onOutcome }: UpgradeOptions,
): Promise<void> {
  const { upgrade, response } = exchange
  if (!upgrade || response.destroyed) return Promise.resolve()
  const { socket, head } = upgrade
  const wanted = String(exchange.headers.upgrade ?? 'websocket')
  return new Promise(resolve => {
    const asked = ask(exchange, upstream, transport, wanted)
    const unwatch = watchClient(socket, () => asked.destroy())
    let settled = false
    const settle = () => {
      settled = true
      unwatch()
      resolve()
    }
    const fail = (error: unknown) => {
      if (settled) return
      settle()
      asked.destroy()
      if (response.destroyed) return
      if (response.begun) return void response.destroy()
      const failure = failureOf(error)
      onOutcome?.({ status: failure.status })
      try {
        if (!exchange.failed?.(failure)) answerFailure(exchange, failure)
      } catch {
        response.destroy()
      }
    }
    // No caller is left to tell: what is thrown here would end the process.
    const orFail = (step: () => void) => {
      try {
        step()
      } catch (error) {
        fail(error)
      }
    }
    asked.on('upgrade', (answer, server, serverHead) =>
      orFail(() => {
        if (answer.headers.upgrade?.toLowerCase() !== wanted.toLowerCase()) {
          server.destroy()
          throw fault('the server upgrades to something else')
        }
        const status = answer.statusCode ?? 101
        const text = handshake(status, response, answer.rawHeaders)
        settle()
        onOutcome?.({ status })
        takeOver(response, socket, status)
        socket.write(text)
        if (serverHead.length > 0) socket.write(serverHead)
        if (head.length > 0) server.write(head)
        join(socket, server)
      }),
    )
    asked.on('response', answer =>
      orFail(() => {
        refused(answer, response, onOutcome)
        if (response.held) {
          settle()
          asked.destroy()
          return void response.end()
        }
        answer.pipe(response)
        answer.once('close', () => {
          // Half an answer: the client must see that it is not whole.
          if (!answer.complete) response.destroy()
          settle()
        })
      }),
    )
    asked.on('error', fail)
    asked.end()
  })
}

function ask(
  exchange: Exchange,
  { origin, path, headers }: Upstream,
  { tls, dialTimeoutMs, headersTimeoutMs }: UpgradeTransport,
  wanted: string,
): ClientRequest {
  headers.push('Connection', 'Upgrade')
  addRaw(headers, 'upgrade', wanted)
  const { hostname: written, port, protocol } = new URL(origin)
  const hostname = written.replace(/^\[|\]$/g, '')
  const asked = (protocol === 'https:' ? httpsRequest : httpRequest)({
    hostname,
    port,
    path,
    method: exchange.method,
    headers,
    agent: false,
    // Otherwise node takes the name that the client wrote as its Host.
    servername: isIP(hostname) ? '' : hostname,
    ...tls,
  })
  let timer: NodeJS.Timeout | undefined
  const limit = (ms: number, code: 'UPSTREAM_DIAL_TIMEOUT' | 'UPSTREAM_ANSWER_TIMEOUT') => {
    clearTimeout(timer)
    if (ms > 0) timer = setTimeout(() => asked.destroy(new UpstreamError(code, `not within ${ms} ms`)), ms)
  }
  limit(dialTimeoutMs, 'UPSTREAM_DIAL_TIMEOUT')
  asked.once('socket', socket => {
    const opened = protocol === 'https:' ? 'secureConnect' : 'connect'
    socket.once(opened, () => limit(headersTimeoutMs, 'UPSTREAM_ANSWER_TIMEOUT'))
  })
  for (const over of ['upgrade', 'response', 'close']) asked.once(over, () => clearTimeout(timer))
  return asked
}

/**
 * A client that leaves is only noticed by whoever reads from it. One piece at most: what it sends before it has an answer
 * is for the server, and whoever sends it is still there. Gives what ends the watch, with everything there to be read.
 */
function watchClient(socket: Duplex, onGone: () => void): () => void {
  const onEnd = () => void socket.destroy()
  const onData = (bytes: Buffer) => {
    socket.off('data', onData).pause()
    socket.unshift(bytes)
  }
  socket.on('data', onData).once('end', onEnd).once('close', onGone)
  return () => {
    socket.off('data', onData).off('end', onEnd).off('close', onGone)
    socket.pause()
  }
}

/** The connection is no response's any more, but whoever counts, logs or traces the request still waits for its end. */
function takeOver(response: GatewayResponse, socket: Duplex, status: number): void {
  response.detachSocket(socket as never)
  response.statusCode = status
  socket.once('close', () => {
    response.destroyed = true
    response.emit('close')
  })
}

/** The head of an ordinary answer, after which the connection ends. */
function refused(
  { statusCode: status = 0, rawHeaders }: IncomingMessage,
  response: GatewayResponse,
  onOutcome: UpgradeOptions['onOutcome'],
): void {
  if (status === 101) throw fault('the server upgrades without saying to what')
  // node hands on whatever has three digits, and does not send what is below 100.
  if (status < 200) throw fault('the status of the answer is none')
  onOutcome?.({ status })
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = String(rawHeaders[index]).toLowerCase()
    if (!hopByHop.has(name)) response.appendHeader(name, String(rawHeaders[index + 1]))
  }
  response.writeHead(status)
}

function handshake(status: number, response: GatewayResponse, raw: readonly string[]): string {
  let text = `HTTP/1.1 ${status} Switching Protocols\r\n`
  for (const [name, value] of Object.entries(response.handshakeHeaders()))
    for (const line of [value].flat()) text += `${canonicalName(name)}: ${line}\r\n`
  for (let index = 0; index < raw.length; index += 2)
    // It has no body (RFC 9110, 8.6): who believed that it has one would lose the first frames.
    if (!/^(content-length|transfer-encoding)$/i.test(raw[index] ?? ''))
      text += `${raw[index]}: ${raw[index + 1]}\r\n`
  return `${text}\r\n`
}

/** Bytes both ways until either side ends; the pace is the slower one's. */
function join(left: Duplex, right: Duplex): void {
  left.pipe(right)
  right.pipe(left)
  for (const [one, other] of [
    [left, right],
    [right, left],
  ] as const) {
    one.on('error', () => other.destroy())
    one.on('close', () => other.destroy())
  }
}
