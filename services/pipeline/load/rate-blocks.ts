/**
 * Which block a rate joins. Those of one charge that are a dollar amount and nothing else stand apart from the others, so
 * that the arrays of a block have few gaps: in the files of most hospitals one rate in five has a percentage, and with it
 * a median, two percentiles and a count. A tall file may go through the charges of an item by turns, so several blocks
 * are open at once.
 */
import { RateBlock } from './rate-block.ts'

/** A new block closes the oldest when this many are open. */
const mostOpen = 16

export type RateBlocks = {
  /** The open block that takes a rate of this charge in this row. */
  of(chargeId: number, plain: boolean, rowNumber: number): RateBlock
  /** Closes all, in the order in which they were opened. */
  close(): void
}

/** `write` is given each block once it is whole, and empties it. */
export function createRateBlocks(write: (block: RateBlock) => void): RateBlocks {
  const open: RateBlock[] = []
  const spare: RateBlock[] = []
  let last = new RateBlock()

  function find(chargeId: number, plain: boolean): RateBlock | undefined {
    if (last.chargeId === chargeId && last.plain === plain && last.pairs.length > 0) return last
    for (let at = open.length - 1; at >= 0; at--) {
      const block = open[at]
      if (block && block.chargeId === chargeId && block.plain === plain) return block
    }
    return undefined
  }

  function end(at: number): void {
    const [block] = open.splice(at, 1)
    if (!block) return
    write(block)
    spare.push(block)
  }

  return {
    of(chargeId, plain, rowNumber) {
      const found = find(chargeId, plain)
      if (found?.hasRoom(rowNumber)) {
        last = found
        return found
      }
      if (found) end(open.indexOf(found))
      else if (open.length === mostOpen) end(0)
      const block = spare.pop() ?? new RateBlock()
      block.start(chargeId, plain, rowNumber)
      open.push(block)
      last = block
      return block
    },
    close() {
      for (const block of open) {
        write(block)
        spare.push(block)
      }
      open.length = 0
    },
  }
}
