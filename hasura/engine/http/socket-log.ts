/** The lines about one WebSocket connection: taken, its operations, closed. */
import { randomUUID } from 'node:crypto'
import { RequestError } from '../errors.ts'
import type { Session } from '../session.ts'
import type { Log } from './log.ts'

export type OperationPhase = 'started' | 'completed' | 'stopped' | 'query_err'
export type SocketLog = {
  /** Who it is, from here on. */
  of(session: Session): void
  refused(cause: unknown): void
  operation(id: string, phase: OperationPhase, of?: { body?: unknown; error?: RequestError }): void
  closed(): void
}

export function createSocketLog(log: Log | undefined): SocketLog | undefined {
  if (!log?.has('websocket-log')) return undefined
  const websocketId = randomUUID()
  let session: Session | undefined
  const write = (type: string, detail: unknown, failed = false) =>
    log.write('websocket-log', failed ? 'error' : 'info', {
      event: { type, detail },
      connection_info: {
        websocket_id: websocketId,
        token_expiry: session?.expiresAt === undefined ? null : new Date(session.expiresAt).toISOString(),
        msg: null,
      },
      user_vars: session ? { 'x-hasura-role': session.role, ...session.vars } : null,
    })
  write('accepted', null)
  return {
    of(who) {
      session = who
    },
    refused: cause => write('conn_err', cause instanceof RequestError ? cause.message : 'unexpected', true),
    operation(id, phase, { body, error } = {}) {
      const { operationName = null, query }: { operationName?: unknown; query?: unknown } =
        typeof body === 'object' && body !== null ? body : {}
      const detail = error ? { code: error.code, path: error.path, error: error.message } : null
      write(
        'operation',
        {
          operation_id: id,
          request_id: null,
          operation_name: operationName,
          ...(query === undefined ? {} : { query: body }),
          operation_type: { type: phase, detail },
        },
        phase === 'query_err',
      )
    },
    closed: () => write('closed', null),
  }
}
