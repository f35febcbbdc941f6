/** Work that is done a few pieces at a time; the rest waits for its turn. */
export type Turns = <Result>(work: () => Promise<Result>) => Promise<Result>

export function createTurns(atATime: number): Turns {
  let busy = 0
  const waiting: (() => void)[] = []
  return async work => {
    if (busy < atATime) busy += 1
    else await new Promise<void>(go => waiting.push(go))
    try {
      return await work()
    } finally {
      // Whoever waits longest takes the place itself: given back first, it could be taken twice.
      const next = waiting.shift()
      if (next) next()
      else busy -= 1
    }
  }
}
