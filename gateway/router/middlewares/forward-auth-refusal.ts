/** forwardAuth's answer to a client that may not pass: what auth said, or the way to where one signs in. */
import type { Exchange } from '../request/exchange.ts'
import type { Verdict } from '../services/mount.ts'
import type { ForwardAuthOptions } from './forward-auth.ts'
import { hopByHop } from './forward-auth-http.ts'

export function refuse(exchange: Exchange, options: ForwardAuthOptions, verdict: Verdict): void {
  const { response } = exchange
  exchange.refusal = 'auth'
  if (options.authSigninURL !== '' && verdict.status === 401) {
    response.statusCode = 302
    response.setHeader('location', options.authSigninURL)
    response.end()
    return
  }
  response.statusCode = verdict.status
  for (const name in verdict.headers) {
    const value = verdict.headers[name]
    if (value !== undefined && !hopByHop.has(name)) response.setHeader(name, value)
  }
  const location = verdict.headers.location
  if (location !== undefined && !options.preserveLocationHeader) {
    const [first = ''] = [location].flat()
    response.setHeader('location', resolved(first, options.address))
  }
  response.end(verdict.body)
}

/** Said to the router, a relative one counts from auth's address. Whole ones stay as they were written. */
function resolved(location: string, address: string): string {
  if (/^[a-z][a-z0-9+.-]*:/i.test(location)) return location
  const base = new URL(address)
  if (location.startsWith('//')) return base.protocol + location
  return URL.canParse(location, address) ? String(new URL(location, base)) : location
}
