/**
 * Which pages of other origins may call: `*`, or a list like `https://*.example.com, http://localhost:3000`, where a
 * star stands for one label.
 *
 * Source: https://hasura.io/docs/2.0/deployment/graphql-engine-flags/config-examples/#configure-cors
 */
export type Cors = (origin: string | undefined) => Record<string, string>

const methods = 'GET,POST,PUT,PATCH,DELETE,OPTIONS'

export function createCors(domains = '*'): Cors {
  const patterns = domains
    .split(',')
    .map(domain => domain.trim())
    .filter(domain => domain !== '')
    .map(patternOf)
  return origin => {
    if (origin === undefined || !patterns.some(pattern => pattern.test(origin))) return {}
    return {
      'access-control-allow-origin': origin,
      'access-control-allow-credentials': 'true',
      'access-control-allow-methods': methods,
      vary: 'Origin',
    }
  }
}

function patternOf(domain: string): RegExp {
  if (domain === '*') return /^/
  const escaped = domain.replace(/[.+?^${}()|[\]\\]/g, '\\$&').replace('*', '[^.:/]+')
  return new RegExp(`^${escaped}$`, 'i')
}

/** The answer to a preflight. */
export function preflight(cors: Record<string, string>, asked: string | undefined): Record<string, string> {
  if (Object.keys(cors).length === 0) return {}
  return { ...cors, 'access-control-max-age': '1728000', 'access-control-allow-headers': asked ?? '' }
}
