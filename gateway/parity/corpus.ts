/** Seeded requests, as bytes: the same seed gives the same corpus, another seed other requests. */
import { bodyCases } from './corpus/bodies.ts'
import type { Case, Generator } from './corpus/build.ts'
import { connectionCases } from './corpus/connections.ts'
import { headerCases } from './corpus/headers.ts'
import { middlewareCases } from './corpus/middlewares.ts'
import { mixedCases } from './corpus/mixed.ts'
import { optionCases } from './corpus/options.ts'
import { pathCases } from './corpus/paths.ts'
import { createRandom } from './corpus/random.ts'
import { routingCases } from './corpus/routing.ts'
import { tlsCases } from './corpus/tls.ts'
import { upstreamCases } from './corpus/upstream.ts'

const generators: readonly Generator[] = [
  ...pathCases,
  ...routingCases,
  ...headerCases,
  ...middlewareCases,
  ...bodyCases,
  ...connectionCases,
  ...tlsCases,
  ...optionCases,
  ...upstreamCases,
]

/** `mixed`: half of them for routes of a random order of middlewares. */
export function generateCorpus(seed: number, count: number, mixed = false): Case[] {
  const random = createRandom(seed)
  return Array.from({ length: count }, () =>
    random.pick(mixed && random.chance(0.5) ? mixedCases : generators)(random),
  )
}
