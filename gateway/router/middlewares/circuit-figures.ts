/** Ten seconds of answers in one-second slots: the figures that a circuit breaker judges by. */
import type { CircuitFigures } from './circuit-expression.ts'

const slots = 10
const slotMs = 1000
// Latencies by size class, 10 % apart from 0.1 ms on: exact enough for a threshold, bounded in memory.
const classes = 160

type Slot = {
  epoch: number
  total: number
  networkErrors: number
  statuses: Map<number, number>
  latencies: Uint32Array
}

export type RollingFigures = CircuitFigures & {
  record(outcome: { status: number; networkError: boolean; ms: number }): void
  reset(): void
}

export function createRollingFigures(now: () => number): RollingFigures {
  let ring: Slot[] = []

  const current = (): Slot => {
    const epoch = Math.floor(now() / slotMs)
    const index = epoch % slots
    const slot = ring[index]
    if (slot?.epoch === epoch) return slot
    const made = {
      epoch,
      total: 0,
      networkErrors: 0,
      statuses: new Map(),
      latencies: new Uint32Array(classes),
    }
    ring[index] = made
    return made
  }
  const recent = (): Slot[] => {
    const oldest = Math.floor(now() / slotMs) - slots
    return ring.filter(slot => slot !== undefined && slot.epoch > oldest)
  }
  const sum = (value: (slot: Slot) => number) => recent().reduce((total, slot) => total + value(slot), 0)
  const between = (from: number, to: number) =>
    sum(({ statuses }) => {
      let found = 0
      for (const [status, count] of statuses) if (status >= from && status < to) found += count
      return found
    })

  return {
    record({ status, networkError, ms }) {
      const slot = current()
      slot.total++
      if (networkError) slot.networkErrors++
      slot.statuses.set(status, (slot.statuses.get(status) ?? 0) + 1)
      const index = classOf(ms)
      slot.latencies[index] = (slot.latencies[index] ?? 0) + 1
    },
    reset() {
      ring = []
    },
    networkErrorRatio() {
      const total = sum(slot => slot.total)
      return total === 0 ? 0 : sum(slot => slot.networkErrors) / total
    },
    responseCodeRatio(from, to, ofFrom, ofTo) {
      const all = between(ofFrom, ofTo)
      return all === 0 ? 0 : between(from, to) / all
    },
    latencyAtQuantileMs(quantile) {
      const wanted = (sum(slot => slot.total) * quantile) / 100
      let seen = 0
      for (let index = 0; index < classes; index++) {
        seen += sum(slot => slot.latencies[index] ?? 0)
        if (seen > 0 && seen >= wanted) return 0.1 * 1.1 ** index
      }
      return 0
    },
  }
}

function classOf(ms: number): number {
  return Math.min(classes - 1, Math.max(0, Math.round(Math.log(Math.max(ms, 0.1) / 0.1) / Math.log(1.1))))
}
