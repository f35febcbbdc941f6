/** What one connection has asked for and not been answered completely. */
import type { Engine } from '../engine.ts'
import { errorBody, RequestError } from '../errors.ts'
import { admin } from '../model/role-permissions.ts'
import type { Session } from '../session.ts'
import type { SocketLog } from './socket-log.ts'
import type { Protocol } from './socket-protocol.ts'

export type Operations = {
  /** False when the id is in use. */
  start(id: string, body: unknown, session: Session): boolean
  refuse(id: string, error: RequestError, session: Session): void
  stop(id: string): void
  stopAll(): void
  size(): number
}

export type OperationsOptions = {
  engine: Pick<Engine, 'graphql' | 'subscribe'>
  protocol: Protocol
  send(text: string): void
  /** False while the client has not taken what it was sent. */
  ready(): boolean
  most: number
  note?: SocketLog['operation'] | undefined
  /** Told what is no fault of the client. */
  onError?: ((error: unknown) => void) | undefined
  /** The engine ends its subscriptions: the metadata changed, or it closes. */
  lost(): void
}

export function createOperations({
  engine,
  protocol,
  send,
  ready,
  most,
  lost,
  note,
  onError,
}: OperationsOptions): Operations {
  const running = new Map<string, () => void>()

  const refuse = (id: string, error: RequestError, { role }: Session) => {
    note?.(id, 'query_err', { error })
    send(protocol.error(id, error, role === admin))
    if (protocol.completesErrors) send(protocol.complete(id))
  }
  /** Thrown on, it would be nobody's: a message has no caller, and one client's would end the process. */
  const fail = (id: string, cause: unknown, session: Session) => {
    if (!(cause instanceof RequestError)) onError?.(cause)
    const error = cause instanceof RequestError ? cause : new RequestError('unexpected', '$', 'unexpected')
    refuse(id, error, session)
  }
  const complete = (id: string) => {
    if (!running.delete(id)) return
    send(protocol.complete(id))
    note?.(id, 'completed')
  }

  function subscribe(id: string, body: unknown, session: Session): boolean {
    const end = engine.subscribe(
      { body, session },
      {
        next: answer => send(protocol.next(id, answer)),
        failed: error => send(protocol.next(id, errorBody(error, session.role === admin))),
        ended: lost,
        ready,
      },
    )
    if (end) running.set(id, end)
    return end !== undefined
  }

  async function answer(id: string, body: unknown, session: Session): Promise<void> {
    const gone = new AbortController()
    running.set(id, () => gone.abort())
    try {
      const answered = await engine.graphql({ body, session, signal: gone.signal })
      if (running.has(id)) send(protocol.next(id, answered.body))
      complete(id)
    } catch (cause) {
      if (running.delete(id)) fail(id, cause, session)
    }
  }

  return {
    start(id, body, session) {
      if (running.has(id)) return false
      try {
        if (running.size >= most)
          throw new RequestError('unexpected', '$', `more than ${most} operations at a time`)
        note?.(id, 'started', { body })
        if (!subscribe(id, body, session)) void answer(id, body, session)
      } catch (cause) {
        fail(id, cause, session)
      }
      return true
    },
    refuse,
    stop(id) {
      const end = running.get(id)
      running.delete(id)
      if (end) note?.(id, 'stopped')
      end?.()
    },
    stopAll() {
      const ends = [...running.values()]
      running.clear()
      for (const end of ends) end()
    },
    size: () => running.size,
  }
}
