/**
 * A bound on how much heavy work runs at once. A reader may take an hour for its answer, so places are shared out: of one
 * organisation at most two, and the second only while half of all are free, so that it never takes the last of another.
 * With four places at least three organisations have one before anybody without one is refused; each more would cost
 * memory and connections (an export takes some 160 MB). How long a reader may take nothing is for open-streams.ts.
 */

export const places = { most: 4, mostEach: 2 }

export type GateOptions = typeof places & { refusal(): Error }

/** Lets in as many as may, and throws `refusal()` beyond; each leaves by what it was given. */
export function createGate({ most, mostEach, refusal }: GateOptions): (organisation: string) => () => void {
  const running = new Map<string, number>()
  let all = 0
  return organisation => {
    const own = running.get(organisation) ?? 0
    const bound = own === 0 ? most : most / 2
    if (all >= bound || own >= mostEach) throw refusal()
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
