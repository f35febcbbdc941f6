/** The connections to one server. The one that was used last is used next, so that the others may grow old and end. */
import type { Receiver } from './answer-reader.ts'
import { type Asked, Connection, type Keeper } from './connection.ts'
import type { Destination } from './dial.ts'

export type PoolOptions = Destination & {
  /** How many are kept while nobody uses them. There are as many as requests under way. */
  maxIdle: number
  /** How long; 0: until the server ends them. */
  idleMs: number
}

export type Pool = {
  /** The connection is the caller's until `onEnd` or `onError`, and may then be another's. */
  send(asked: Asked, receiver: Receiver): Connection
  /** No connection is kept any more. Those that are used end with what they are used for. */
  close(): void
}

// A server that says for how long it keeps a connection means its own clock, and the way there takes time.
const marginMs = 1000

export function createPool(options: PoolOptions): Pool {
  const { maxIdle, idleMs } = options
  const idle: Connection[] = []
  let closed = false
  let timer: NodeJS.Timeout | undefined
  const keeper: Keeper = {
    session: undefined,
    onFree(connection, keepSeconds) {
      const limit = idleMs > 0 ? idleMs : Number.POSITIVE_INFINITY
      const keptMs = keepSeconds >= 0 ? Math.min(limit, keepSeconds * 1000 - marginMs) : limit
      if (closed || keptMs <= 0 || idle.length >= maxIdle) return connection.destroy()
      connection.expiresAtMs = performance.now() + keptMs
      idle.push(connection)
      if (keptMs < Number.POSITIVE_INFINITY) timer ??= later(keptMs)
    },
    onClosed(connection) {
      const index = idle.indexOf(connection)
      if (index >= 0) idle.splice(index, 1)
    },
  }
  const later = (ms: number) => setTimeout(sweep, Math.min(Math.max(ms, minSweepMs), maxSweepMs)).unref()
  const sweep = () => {
    timer = undefined
    const now = performance.now()
    let next = Number.POSITIVE_INFINITY
    for (const connection of idle.slice())
      if (connection.expiresAtMs <= now) connection.destroy()
      else next = Math.min(next, connection.expiresAtMs - now)
    if (next < Number.POSITIVE_INFINITY) timer = later(next)
  }
  const take = (): Connection => {
    for (let one = idle.pop(); one; one = idle.pop())
      if (one.usable && one.expiresAtMs > performance.now()) return one
      else one.destroy()
    return new Connection(options, keeper)
  }
  return {
    send(asked, receiver) {
      const connection = take()
      connection.send(asked, receiver)
      return connection
    },
    close() {
      closed = true
      clearTimeout(timer)
      for (const connection of idle.splice(0)) connection.destroy()
    },
  }
}

const minSweepMs = 100
const maxSweepMs = 60_000
