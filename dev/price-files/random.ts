/** Chance that repeats: the same seed gives the same numbers on every machine (whole numbers only, no Math.random). */
export type Random = {
  /** A whole number from 0 to below `limit`, at most 2^32. */
  below(limit: number): number
  /** True once in `n` times. */
  oneIn(n: number): boolean
  pick<Value>(values: readonly [Value, ...Value[]]): Value
}

/** sfc32 by Chris Doty-Humphrey (PractRand): four words of state, passes every test of its suite. */
export function createRandom(seed: number): Random {
  let a = seed | 0
  let b = Math.floor(seed / 2 ** 32) | 0
  let c = 0x9e3779b9
  let counter = 1

  function next(): number {
    const sum = (((a + b) | 0) + counter) | 0
    counter = (counter + 1) | 0
    a = b ^ (b >>> 9)
    b = (c + (c << 3)) | 0
    c = (((c << 21) | (c >>> 11)) + sum) | 0
    return sum >>> 0
  }
  // The first numbers still show the seed.
  for (let round = 0; round < 15; round++) next()

  const below = (limit: number) => Math.floor((next() / 2 ** 32) * limit)
  return {
    below,
    oneIn: n => below(n) === 0,
    pick: values => values[below(values.length)] ?? values[0],
  }
}
