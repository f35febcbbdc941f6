/** How much WebSocket clients may take. */

export type SocketLimits = {
  /** Connections at a time: in all, and of one key. */
  connections: number
  connectionsPerKey: number
  /** Operations at a time on one connection. */
  operations: number
  /** Operations that all connections of one key may begin in a minute. */
  startsPerMinute: number
  /** Of one message from a client. */
  messageBytes: number
  /** What a client has not taken yet: from the first on it is passed over, at the second it is dropped. */
  bufferedBytes: number
  mostBufferedBytes: number
  initTimeoutMs: number
  keepAliveMs: number
  /** Without any operation. */
  idleMs: number
}

export const defaultSocketLimits: SocketLimits = {
  connections: 5_000,
  connectionsPerKey: 100,
  operations: 100,
  startsPerMinute: 6_000,
  messageBytes: 256 * 1024,
  bufferedBytes: 1024 * 1024,
  mostBufferedBytes: 64 * 1024 * 1024,
  initTimeoutMs: 3_000,
  keepAliveMs: 5_000,
  idleMs: 10 * 60_000,
}
