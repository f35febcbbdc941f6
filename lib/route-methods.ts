/** Which methods a path has, for the 405 that a wrong method earns (RFC 9110 §15.5.6); Fastify itself says 404. */
import type { FastifyInstance } from 'fastify'

/**
 * Remembers the routes that are added from now on, and answers for a path (without its query) the methods it has, in
 * alphabetical order: none where there is nothing at it.
 */
export function rememberMethods(app: FastifyInstance): (path: string) => string[] {
  const patterns = new Map<string, { matches: RegExp; methods: Set<string> }>()
  app.addHook('onRoute', ({ url, method }) => {
    const known = patterns.get(url) ?? { matches: pathPattern(url), methods: new Set() }
    patterns.set(url, known)
    for (const one of [method].flat()) known.methods.add(one)
  })
  return path => {
    const methods = new Set<string>()
    for (const known of patterns.values())
      if (known.matches.test(path)) for (const one of known.methods) methods.add(one)
    return [...methods].sort()
  }
}

/** `/files/:id` and `/any/*` as the expression that a path of theirs matches. */
function pathPattern(url: string): RegExp {
  const segments = url.split('/').map(segment => {
    if (segment.startsWith(':')) return '[^/]+'
    return segment === '*' ? '.*' : segment.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
  })
  return new RegExp(`^${segments.join('/')}$`)
}
