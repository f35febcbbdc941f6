/**
 * A subscription that no statement answers by itself, such as that to an asynchronous action: asked every `intervalMs`,
 * told when its answer changed. Each has a listener of its own.
 */
import { RequestError } from '../errors.ts'
import type { Turns } from './at-a-time.ts'
import type { Listener } from './listener.ts'

export type Repeated = {
  /** Asks soon, though the interval is not over. */
  refresh(): void
  end(): void
}
export type RepeatedOptions = {
  intervalMs: number
  turns: Turns
  onError(error: unknown): void
}

/** `ask` gives the body of an answer; a RequestError is told. */
export function createRepeated(
  ask: () => Promise<string>,
  listener: Listener,
  { intervalMs, turns, onError }: RepeatedOptions,
): Repeated {
  let told: string | undefined
  let timer: NodeJS.Timeout | undefined
  let asking = false
  let again = false
  let ended = false

  async function turn(): Promise<void> {
    asking = true
    do {
      again = false
      await turns(ask).then(hear, fail)
    } while (again && !ended)
    asking = false
    if (!ended) timer = setTimeout(turn, intervalMs).unref()
  }

  function hear(body: string): void {
    // Whoever has not read the last one is told the newest later.
    if (ended || body === told || !listener.ready()) return
    told = body
    listener.next(body)
  }

  function fail(cause: unknown): void {
    const error =
      cause instanceof RequestError ? cause : new RequestError('unexpected', '$', 'database query error')
    if (error !== cause) onError(cause)
    if (ended || told === error.message) return
    told = error.message
    listener.failed(error)
  }

  void turn()
  return {
    refresh() {
      if (asking) again = true
      else if (!ended) {
        clearTimeout(timer)
        void turn()
      }
    },
    end() {
      ended = true
      clearTimeout(timer)
    },
  }
}
