/** A limit on silence, for streams of a store that has stopped sending and keeps the connection open: no error would come. */
import { Readable } from 'node:stream'

/**
 * The bytes of `body`; fails when none comes for `ms` while one is asked for. Time in which nobody asks, since the database
 * takes no more for now, does not count, as it would for the timeout of a socket.
 */
export function failWhenSilent(body: Readable, ms: number): Readable {
  const parts = body.iterator()
  return new Readable({
    read() {
      const timer = setTimeout(() => this.destroy(silence(ms)), ms)
      parts
        .next()
        .then(
          ({ done, value }) => this.push(done ? null : value),
          error => this.destroy(error),
        )
        .finally(() => clearTimeout(timer))
    },
    destroy(error, done) {
      body.destroy()
      done(error)
    },
  })
}

/** What `ask` gives, asked with a signal that ends it when there is no answer within `ms`, or with the signal given. */
export async function answered<Answer>(
  ask: (signal: AbortSignal) => Promise<Answer>,
  { signal, ms }: { signal: AbortSignal; ms: number },
): Promise<Answer> {
  const late = new AbortController()
  const timer = setTimeout(() => late.abort(silence(ms)), ms)
  try {
    return await ask(AbortSignal.any([signal, late.signal]))
  } catch (error) {
    throw late.signal.aborted ? late.signal.reason : error
  } finally {
    clearTimeout(timer)
  }
}

function silence(ms: number): Error {
  return new Error(`the store sent nothing for ${ms / 1000} s`)
}
