/** Routes that no file gives: middlewares in a random order, a few for each seed, so that every two of them meet some day. */
import { stringify } from 'yaml'
import type { Random } from './corpus/random.ts'

/** Of routes/dynamic. Those that count (limits, breakers) answer otherwise every time, and have sequences. */
const middlewares = [
  'add',
  'again',
  'allow',
  'anything-again',
  'auth',
  'auth-all',
  'auth-body',
  'auth-cookies',
  'auth-location',
  'auth-old',
  'bounded',
  'brotli',
  'buffering',
  'cors',
  'corsopen',
  'custom',
  'cut-regexp',
  'depth',
  'drops',
  'encoded',
  'forced',
  'included',
  'last-regexp',
  'mark-path',
  'origins',
  'other-pages',
  'pages',
  'rebuffer',
  'replace',
  'security',
  'slash',
  'squeeze',
  'typed',
  'untyped',
  'usual',
]
const services = [
  'echo',
  'echo',
  'echo',
  'away',
  'none',
  'other',
  'fallback',
  'named',
  'base',
  'hrw',
  'failover',
]

/** None is the beginning of another. */
export const mixedPaths = Array.from('abcdefghijklmnop', letter => `/mix/${letter}`)

/** A dynamic file with a router for each of these paths. */
export function mixedRoutes(random: Random): string {
  const routers = mixedPaths.map(path => [
    `x-${path.at(-1)}`,
    {
      rule: `PathPrefix(\`${path}\`)`,
      priority: 3000,
      middlewares: Array.from({ length: 2 + random.below(3) }, () => random.pick(middlewares)),
      service: random.pick(services),
    },
  ])
  return stringify({ http: { routers: Object.fromEntries(routers) } })
}
