/** What is held for an answer is given back when the answer is over, however it ends. */
import type { FastifyReply } from 'fastify'

/**
 * Calls `then` once the answer is out or its client has gone away. A client may have gone while the caller waited for something;
 * `close` does not come a second time, so then it is called at once.
 */
export function whenClosed({ raw }: FastifyReply, then: () => void): void {
  if (raw.destroyed) queueMicrotask(then)
  else raw.once('close', then)
}
