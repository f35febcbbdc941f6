/** WebSocket handshakes to another server: the two connections are joined once it says 101. */
import { request as httpRequest } from 'node:http'
import { request as httpsRequest } from 'node:https'
import { isIP } from 'node:net'
import type { Exchange } from '../request/exchange.ts'
import { addRaw } from '../request/headers.ts'
import { hopByHop } from '../upstream/hop-by-hop.ts'
import { fault } from '../upstream/upstream-error.ts'
import { answerFailure, failureOf, type UpgradeTransport, type Upstream } from './upstream.ts'

export function proxyUpgrade(
  exchange: Exchange,
  { origin, path, headers }: Upstream,
  { tls, dialTimeoutMs, headersTimeoutMs }: UpgradeTransport,
): Promise<void> {
  const { upgrade, response } = exchange
  if (!upgrade) return Promise.resolve()
  const { socket, head } = upgrade
  headers.push('Connection', 'Upgrade')
  const wanted = String(exchange.headers.upgrade ?? 'websocket')
  addRaw(headers, 'upgrade', wanted)
  const { hostname: written, port, protocol } = new URL(origin)
  const hostname = written.replace(/^\[|\]$/g, '')
  return new Promise(resolve => {
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
    const giveUp = () => asked.destroy()
    socket.once('close', giveUp)
    const bound = timeLimit(() => asked.destroy(Object.assign(new Error('no answer'), { code: 'ETIMEDOUT' })))
    bound.set(dialTimeoutMs)
    asked.once('socket', one => {
      one.once(protocol === 'https:' ? 'secureConnect' : 'connect', () => bound.set(headersTimeoutMs))
    })
    asked.once('close', () => bound.set(0))
    asked.on('upgrade', (answer, upstream, upstreamHead) => {
      bound.set(0)
      if (answer.headers.upgrade?.toLowerCase() !== wanted.toLowerCase()) {
        upstream.destroy()
        return fail(fault('the server upgrades to something else'))
      }
      socket.off('close', giveUp)
      response.detachSocket(socket as never)
      response.statusCode = answer.statusCode ?? 101
      // Its socket was what told of the end: whoever counts, logs or traces the request still waits for it.
      socket.once('close', () => {
        response.destroyed = true
        response.emit('close')
      })
      socket.write(handshake(answer.statusCode ?? 101, answer.rawHeaders))
      if (upstreamHead.length > 0) socket.write(upstreamHead)
      if (head.length > 0) upstream.write(head)
      join(socket, upstream)
      resolve()
    })
    asked.on('response', answer => {
      bound.set(0)
      if (answer.statusCode === 101) {
        asked.destroy()
        return fail(fault('the server upgrades without saying to what'))
      }
      // Refused: an ordinary answer, after which the connection ends.
      for (let index = 0; index < answer.rawHeaders.length; index += 2) {
        const name = String(answer.rawHeaders[index]).toLowerCase()
        if (!hopByHop.has(name)) response.appendHeader(name, String(answer.rawHeaders[index + 1]))
      }
      response.writeHead(answer.statusCode ?? 502)
      answer.pipe(response)
      answer.on('close', () => {
        // Half an answer: the client must see that it is not whole.
        if (!answer.complete) response.destroy()
        resolve()
      })
    })
    const fail = (error: unknown) => {
      if (!response.headersSent && !socket.destroyed) answerFailure(exchange, failureOf(error))
      resolve()
    }
    asked.on('error', fail)
    asked.end()
  })
}

/** Calls `late` unless another limit is set before; 0: none. */
function timeLimit(late: () => void): { set(ms: number): void } {
  let timer: NodeJS.Timeout | undefined
  return {
    set(ms) {
      clearTimeout(timer)
      timer = ms > 0 ? setTimeout(late, ms) : undefined
    },
  }
}

type Connection = Exchange['upgrade'] extends { socket: infer Socket } | undefined ? Socket : never

function handshake(status: number, raw: readonly string[]): string {
  let text = `HTTP/1.1 ${status} Switching Protocols\r\n`
  for (let index = 0; index < raw.length; index += 2)
    // It has no body (RFC 9110, 8.6): who believed that it has one would lose the first frames.
    if (!/^(content-length|transfer-encoding)$/i.test(raw[index] ?? ''))
      text += `${raw[index]}: ${raw[index + 1]}\r\n`
  return `${text}\r\n`
}

/** Bytes both ways until either side ends; the pace is the slower one's. */
function join(left: Connection, right: Connection): void {
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
