/** A bound on how much heavy work runs at once. */

export type GateOptions = {
  most: number
  /** Of one organisation: a reader that takes an hour for its answer holds up its own people only. */
  mostEach: number
  refusal(): Error
}

/** Lets in as many as may, and throws `refusal()` beyond; each leaves by what it was given. */
export function createGate({ most, mostEach, refusal }: GateOptions): (organisation: string) => () => void {
  const running = new Map<string, number>()
  let all = 0
  return organisation => {
    const own = running.get(organisation) ?? 0
    if (all >= most || own >= mostEach) throw refusal()
    all++
    running.set(organisation, own + 1)
    let left = false
    return () => {
      if (left) return
      left = true
      all--
      const rest = (running.get(organisation) ?? 1) - 1
      if (rest > 0) running.set(organisation, rest)
      else running.delete(organisation)
    }
  }
}
