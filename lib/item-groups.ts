/**
 * Which items of a file a plan prices, in the form of prices.file_plans.item_groups: bit k, from 0 and the left, is set when
 * one of the items 8k+1 … 8k+8 has a rate of the plan. A search for a payer passes over the other items without reading
 * their rates.
 */
export type ItemGroups = {
  /** A rate of `plan` (any small number of the caller's) at `item`, the item's number in its file, from 1. */
  mark(plan: number, item: number): void
  /** As text for `::bit varying`, of ceil(items / 8) characters; null when they took too much memory to keep. */
  bits(plan: number, items: number): string | null
}

/** `maxBytes`: of all plans together. A file of a million items and 400 plans takes 6 MB. */
export function createItemGroups(maxBytes = 16 << 20): ItemGroups {
  let plans: Uint8Array[] | undefined = []
  let held = 0
  const grow = (plan: number, size: number): Uint8Array | undefined => {
    const before = plans?.[plan]
    // Doubled, so that a plan is copied a few times only.
    const larger = new Uint8Array(Math.max(64, 2 ** Math.ceil(Math.log2(size))))
    held += larger.length - (before?.length ?? 0)
    if (!plans || held > maxBytes) {
      plans = undefined
      return undefined
    }
    if (before) larger.set(before)
    plans[plan] = larger
    return larger
  }
  return {
    mark(plan, item) {
      if (!plans) return
      const group = (item - 1) >> 3
      const at = group >> 3
      let bytes = plans[plan]
      if (!bytes || at >= bytes.length) bytes = grow(plan, at + 1)
      if (bytes) bytes[at] = (bytes[at] ?? 0) | (0x80 >> (group & 7))
    },
    bits(plan, items) {
      if (!plans) return null
      const length = Math.ceil(items / 8)
      let text = ''
      for (const byte of (plans[plan] ?? new Uint8Array()).subarray(0, Math.ceil(length / 8)))
        text += byte.toString(2).padStart(8, '0')
      return text.slice(0, length).padEnd(length, '0')
    },
  }
}
