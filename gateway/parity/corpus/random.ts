/** Chance that is the same everywhere and every time. */

export type Random = {
  below(limit: number): number
  pick<Item>(items: readonly Item[]): Item
  chance(share: number): boolean
  /** At most `most` of them, some perhaps twice. */
  some<Item>(items: readonly Item[], most: number): Item[]
}

/** mulberry32. */
export function createRandom(seed: number): Random {
  let state = seed >>> 0
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
  const below = (limit: number) => Math.floor(next() * limit)
  const pick = <Item>(items: readonly Item[]): Item => items[below(items.length)] as Item
  return {
    below,
    pick,
    chance: share => next() < share,
    some: (items, most) => Array.from({ length: below(most + 1) }, () => pick(items)),
  }
}
