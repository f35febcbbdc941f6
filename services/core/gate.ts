/** A bound on how much heavy work runs at once. */

/** Gives a function that lets in up to `most` callers and throws `refusal()` beyond; each leaves by what it was given. */
export function createGate(most: number, refusal: () => Error): () => () => void {
  let running = 0
  return () => {
    if (running >= most) throw refusal()
    running++
    let left = false
    return () => {
      if (!left) running--
      left = true
    }
  }
}
