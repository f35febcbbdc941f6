/** For tests: an answer as it came, and servers that say exactly the bytes they are told to. */
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import type { AnswerFields } from './answer-lines.ts'
import type { Asked } from './connection.ts'
import { createPool, type Pool, type PoolOptions } from './pool.ts'

type Teardown = { teardown(handler: () => unknown): void }

export type Answer = { status: number; fields: AnswerFields; body: string; trailers: AnswerFields }

/** A receiver, and what it received; rejects as it fails. Bytes are those of latin1. */
export function collectAnswer() {
  const answer: Answer = { status: 0, fields: {}, body: '', trailers: {} }
  const { promise, resolve, reject } = Promise.withResolvers<Answer>()
  const receiver = {
    onHead: (status: number, fields: AnswerFields) =>
      void Object.assign(answer, { status, fields: { ...fields } }),
    onEarly: () => {},
    onWait: () => {},
    onBody(bytes: Buffer, release: (() => void) | undefined) {
      answer.body += bytes.toString('latin1')
      release?.()
    },
    onEnd(last: Buffer | undefined, trailers: AnswerFields | undefined) {
      if (last) answer.body += last.toString('latin1')
      answer.trailers = { ...trailers }
      resolve(answer)
    },
    onError: reject,
  }
  return { receiver, answer, whole: promise }
}

export function asking(path = '/', more: Partial<Asked> = {}): Asked {
  return { method: 'GET', target: path, headers: ['Host', 'back'], body: undefined, length: 0, ...more }
}

export function ask(pool: Pool, asked = asking()): Promise<Answer> {
  const { receiver, whole } = collectAnswer()
  pool.send(asked, receiver)
  return whole
}

export async function listen(t: Teardown, server: Server): Promise<number> {
  const sockets = new Set<Socket>()
  server.on('connection', socket => {
    sockets.add(socket)
    socket.on('error', () => {})
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  return (server.address() as AddressInfo).port
}

/** Calls `answer` with every request head without a body; `connection` counts from 0. */
export function startRaw(
  t: Teardown,
  answer: (socket: Socket, head: string, connection: number) => void,
): Promise<number> {
  let connections = 0
  const server = createServer({ noDelay: true }, socket => {
    const connection = connections++
    let seen = ''
    socket.setEncoding('latin1')
    socket.on('data', text => {
      seen += text
      for (let end = seen.indexOf('\r\n\r\n'); end >= 0; end = seen.indexOf('\r\n\r\n')) {
        const head = seen.slice(0, end + 4)
        seen = seen.slice(end + 4)
        answer(socket, head, connection)
      }
    })
  })
  return listen(t, server)
}

export function openPool(t: Teardown, port: number, more: Partial<PoolOptions> = {}): Pool {
  const pool = createPool({
    host: '127.0.0.1',
    port,
    tls: undefined,
    dialTimeoutMs: 5000,
    answerTimeoutMs: 0,
    single: false,
    maxIdle: 100,
    idleMs: 60_000,
    ...more,
  })
  t.teardown(() => pool.close())
  return pool
}
