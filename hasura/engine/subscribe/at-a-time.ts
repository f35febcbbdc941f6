/** Work that is done a few pieces at a time; the rest waits for its turn. */
export type Turns = <Result>(work: () => Promise<Result>) => Promise<Result>

export function createTurns(atATime: number): Turns {
  let busy = 0
  const waiting: (() => void)[] = []
  return async work => {
    if (busy >= atATime) await new Promise<void>(go => waiting.push(go))
    busy += 1
    try {
      return await work()
    } finally {
      busy -= 1
      waiting.shift()?.()
    }
  }
}
