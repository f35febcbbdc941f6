/**
 * How a balancer chooses among the servers that are up.
 * https://doc.traefik.io/traefik/reference/routing-configuration/http/load-balancing/service/#load-balancing-strategies
 */
import { createHash } from 'node:crypto'
import type { Exchange } from '../request/exchange.ts'

/** One server (or service) of a balancer. `inFlight` and `averageMs` are kept by the balancer. */
export type Choice = { name: string; weight: number; inFlight: number; averageMs: number }
export type Strategy = 'wrr' | 'p2c' | 'hrw' | 'leasttime'
/** Given at least one; those of weight 0 are never chosen. */
export type Choose = <Item extends Choice>(
  candidates: readonly Item[],
  exchange: Exchange,
) => Item | undefined

export function chooser(strategy: Strategy): Choose {
  if (strategy === 'p2c') return twoChoices
  if (strategy === 'hrw') return (candidates, { client }) => highestRandomWeight(candidates, client.address)
  if (strategy === 'leasttime') return leastTime
  return smoothRoundRobin()
}

/** Weighted round robin without runs: weights 3 and 1 give a a b a. */
function smoothRoundRobin(): Choose {
  const credit = new WeakMap<Choice, number>()
  return candidates => {
    let best: (typeof candidates)[number] | undefined
    let bestCredit = Number.NEGATIVE_INFINITY
    let total = 0
    for (const candidate of candidates) {
      if (candidate.weight === 0) continue
      const now = (credit.get(candidate) ?? 0) + candidate.weight
      credit.set(candidate, now)
      total += candidate.weight
      if (now > bestCredit) {
        best = candidate
        bestCredit = now
      }
    }
    if (best) credit.set(best, bestCredit - total)
    return best
  }
}

/** Two at random, then the one with fewer requests under way. */
const twoChoices: Choose = candidates => {
  const open = candidates.filter(candidate => candidate.weight > 0)
  if (open.length < 2) return open[0]
  const first = Math.floor(Math.random() * open.length)
  const second = (first + 1 + Math.floor(Math.random() * (open.length - 1))) % open.length
  const [left, right] = [open[first], open[second]]
  return left && right && right.inFlight < left.inFlight ? right : left
}

/** The same client always gets the same server, and only the clients of a lost server move. */
function highestRandomWeight<Item extends Choice>(
  candidates: readonly Item[],
  key: string,
): Item | undefined {
  let best: Item | undefined
  let bestScore = Number.NEGATIVE_INFINITY
  for (const candidate of candidates) {
    if (candidate.weight === 0) continue
    const digest = createHash('sha1').update(`${key}\0${candidate.name}`).digest()
    const uniform = (digest.readUIntBE(0, 6) + 1) / (2 ** 48 + 1)
    const score = candidate.weight / -Math.log(uniform)
    if (score > bestScore) {
      best = candidate
      bestScore = score
    }
  }
  return best
}

const leastTime: Choose = candidates => {
  let best: (typeof candidates)[number] | undefined
  let bestScore = Number.POSITIVE_INFINITY
  for (const candidate of candidates) {
    if (candidate.weight === 0) continue
    const score = (candidate.averageMs * (1 + candidate.inFlight)) / candidate.weight
    if (score < bestScore) {
      best = candidate
      bestScore = score
    }
  }
  return best
}
