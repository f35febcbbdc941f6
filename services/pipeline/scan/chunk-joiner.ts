/**
 * Puts what is left of one chunk before the next. Two buffers take turns, because new memory for every chunk costs its
 * first touch and the garbage collector's attention; each answer is a view of its own, so that whoever remembers a buffer
 * by identity sees that it is another.
 */
export type ChunkJoiner = {
  /** `rest`: what the answer before held last, or anything else; it is copied before the memory is used again. */
  join(rest: Uint8Array, chunk: Uint8Array): Buffer
}

/** Larger ones are made for the once: a file may hold one record of megabytes. */
const mostKept = 1 << 20

/** `stretches`: memory to use instead of its own. */
export function createChunkJoiner(stretches?: readonly [Buffer, Buffer]): ChunkJoiner {
  let [next, other] = stretches ?? [Buffer.alloc(0), Buffer.alloc(0)]
  return {
    join(rest, chunk) {
      const length = rest.length + chunk.length
      if (length > mostKept) {
        const large = Buffer.allocUnsafeSlow(length)
        large.set(rest)
        large.set(chunk, rest.length)
        return large
      }
      if (next.length < length) next = Buffer.allocUnsafeSlow(Math.min(mostKept, length * 2))
      const joined = next.subarray(0, length)
      joined.set(rest)
      joined.set(chunk, rest.length)
      ;[next, other] = [other, next]
      return joined
    },
  }
}
