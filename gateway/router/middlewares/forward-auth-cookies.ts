/** forwardAuth's `addAuthCookiesToResponse`: cookies that auth sets take the place of the service's own of that name. */
import type { Exchange } from '../request/exchange.ts'

export function authCookies(names: readonly string[]): (exchange: Exchange, fromAuth: string[]) => void {
  const wanted = new Set(names)
  const isWanted = (line: string) => wanted.has(line.slice(0, line.indexOf('=')).trim())
  return ({ response }, fromAuth) => {
    if (wanted.size === 0) return
    response.onHead(({ headers }) => {
      const own = [headers['set-cookie'] ?? []].flat().map(String)
      const cookies = [...own.filter(line => !isWanted(line)), ...fromAuth.filter(isWanted)]
      if (cookies.length > 0) headers['set-cookie'] = cookies
      else delete headers['set-cookie']
    })
  }
}
